localparam NODE_BITS = 10;
localparam NEURON_BITS = 9;
localparam CLASS_BITS = 4;
