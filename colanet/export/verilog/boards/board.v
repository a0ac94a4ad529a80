// The core behind a serial line: what every board has.

`default_nettype none

module board #(
    parameter DIVIDER = 104  // clocks a bit of the serial line
) (
    input wire clock, input wire button, input wire rx, output wire tx, output wire error
);
    `include "network.vh"

    wire reset;
    wire spike_valid, spike_ready, spike_last, fired_valid, fired_ready, fired_last;
    wire answer_valid, answer_ready, answer_none, bus_valid, bus_ready, bus_write;
    wire [NODE_BITS-1:0] spike_node;
    wire [NEURON_BITS-1:0] fired_neuron;
    wire [CLASS_BITS-1:0] answer_class;
    wire [27:0] bus_address;
    wire [31:0] bus_write_data, bus_read_data;

    serial #(
        .DIVIDER(DIVIDER), .NODE_BITS(NODE_BITS), .NEURON_BITS(NEURON_BITS), .CLASS_BITS(CLASS_BITS)
    ) bridge (
        .clock(clock), .button(button), .rx(rx), .tx(tx), .reset(reset), .error(error),
        .spike_valid(spike_valid), .spike_ready(spike_ready), .spike_last(spike_last), .spike_node(spike_node),
        .fired_valid(fired_valid), .fired_ready(fired_ready), .fired_last(fired_last), .fired_neuron(fired_neuron),
        .answer_valid(answer_valid), .answer_ready(answer_ready), .answer_none(answer_none),
        .answer_class(answer_class),
        .bus_valid(bus_valid), .bus_ready(bus_ready), .bus_write(bus_write), .bus_address(bus_address),
        .bus_write_data(bus_write_data), .bus_read_data(bus_read_data)
    );

    colanet core (
        .clock(clock), .reset(reset),
        .spike_valid(spike_valid), .spike_ready(spike_ready), .spike_last(spike_last), .spike_node(spike_node),
        .fired_valid(fired_valid), .fired_ready(fired_ready), .fired_last(fired_last), .fired_neuron(fired_neuron),
        .answer_valid(answer_valid), .answer_ready(answer_ready), .answer_none(answer_none),
        .answer_class(answer_class),
        .bus_valid(bus_valid), .bus_ready(bus_ready), .bus_write(bus_write), .bus_address(bus_address),
        .bus_write_data(bus_write_data), .bus_read_data(bus_read_data)
    );
endmodule

`default_nettype wire
