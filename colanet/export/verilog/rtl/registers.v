// The bus: registers with the parameters of the network, and the memories of its state. See core.json for addresses.
//
// A request is served while the core waits for spikes, and takes five clocks.

`default_nettype none

module registers (
    clock, reset, free, step,
    bus_valid, bus_ready, bus_write, bus_address, bus_write_data, bus_read_data,
    freeze, rounding_key, hebbian_rate, stability_hebbian, stability_rate, presynaptic_rate, threshold_factor,
    kick_keys, kick_sizes,
    neuron, post, node, write_code, write_potential, write_gate, write_threshold,
    potential, gate, code, resource, threshold, stability, debt, last_spike, sequence_start, forced
);
    `include "network.vh"

    input wire clock, reset;
    input wire free;                                   // no step is on its way
    input wire [31:0] step;
    input wire bus_valid;
    output wire bus_ready;
    input wire bus_write;
    input wire [27:0] bus_address;
    input wire [31:0] bus_write_data;
    output reg [31:0] bus_read_data;
    output reg [31:0] freeze, rounding_key, hebbian_rate, stability_hebbian, stability_rate, presynaptic_rate,
        threshold_factor;
    output reg [POPULATIONS*32-1:0] kick_keys, kick_sizes;
    output wire [NEURON_BITS-1:0] neuron;
    output wire [POST_BITS-1:0] post;
    output wire [ROW_BITS-1:0] node;
    output wire write_code, write_potential, write_gate, write_threshold;
    input wire signed [POTENTIAL_BITS-1:0] potential;
    input wire signed [GATE_BITS-1:0] gate;
    input wire [CODE_BITS-1:0] code;
    input wire [RESOURCE_BITS:0] resource;
    input wire [THRESHOLD_BITS-1:0] threshold;
    input wire signed [STABILITY_BITS-1:0] stability;
    input wire signed [DEBT_BITS-1:0] debt;
    input wire [31:0] last_spike, sequence_start;
    input wire forced;

    reg [2:0] count;
    wire [3:0] region = bus_address[27:24];
    wire [23:0] index = bus_address[23:0];
    wire wide = region == REGION_STABILITY && STABILITY_BITS > 32 || region == REGION_DEBT && DEBT_BITS > 32
        || region == REGION_THRESHOLD && THRESHOLD_BITS > 32;
    wire high = wide && index[0];
    wire synapse = region == REGION_CODE || region == REGION_RESOURCE || region == REGION_CONTRIBUTES;
    wire [23:0] entry = wide ? index >> 1 : index;
    wire writing = count == 3 && bus_write;

    assign node = index[ROW_BITS-1:0];
    assign post = synapse ? index >> ROW_BITS : entry;
    assign neuron = entry;
    assign bus_ready = count == 4;
    assign write_code = writing && region == REGION_CODE;
    assign write_potential = writing && region == REGION_POTENTIAL;
    assign write_gate = writing && region == REGION_GATE;
    assign write_threshold = writing && region == REGION_THRESHOLD && !high;

    wire signed [63:0] stability64 = stability, debt64 = debt;
    wire [63:0] threshold64 = threshold;

    integer p, q;
    reg [31:0] register;
    always @(*) begin
        p = 0;
        register = 0;
        case (index)
            0: register = IDENTITY;
            1: register = step;
            2: register = freeze;
            3: register = rounding_key;
            4: register = hebbian_rate;
            5: register = stability_hebbian;
            6: register = stability_rate;
            7: register = presynaptic_rate;
            8: register = threshold_factor;
            default:
            for (p = 0; p < POPULATIONS; p = p + 1) begin
                if (index == 16 + 2 * p) register = kick_keys[p*32+:32];
                if (index == 17 + 2 * p) register = kick_sizes[p*32+:32];
            end
        endcase
    end

    initial begin
        count = 0;
        freeze = FREEZE;
        rounding_key = ROUNDING_KEY;
        hebbian_rate = HEBBIAN_RATE;
        stability_hebbian = STABILITY_HEBBIAN;
        stability_rate = STABILITY_RATE;
        presynaptic_rate = PRESYNAPTIC_RATE;
        threshold_factor = THRESHOLD_FACTOR;
        kick_keys = POPULATION_KICK_KEY;
        kick_sizes = POPULATION_KICK;
    end

    always @(posedge clock) begin
        if (count != 0) count <= count == 4 ? 0 : count + 1'b1;
        else if (bus_valid && free) count <= 1;
        case (region)
            REGION_REGISTER: bus_read_data <= register;
            REGION_POTENTIAL: bus_read_data <= potential;
            REGION_GATE: bus_read_data <= gate;
            REGION_CODE: bus_read_data <= code;
            REGION_THRESHOLD: bus_read_data <= high ? threshold64[63:32] : threshold64[31:0];
            REGION_RESOURCE: bus_read_data <= $signed(resource[RESOURCE_BITS-1:0]);
            REGION_CONTRIBUTES: bus_read_data <= resource[RESOURCE_BITS];
            REGION_STABILITY: bus_read_data <= high ? stability64[63:32] : stability64[31:0];
            REGION_DEBT: bus_read_data <= high ? debt64[63:32] : debt64[31:0];
            REGION_LAST_SPIKE: bus_read_data <= last_spike;
            REGION_SEQUENCE_START: bus_read_data <= sequence_start;
            REGION_FORCED: bus_read_data <= forced;
            default: bus_read_data <= 0;
        endcase
        if (writing && region == REGION_REGISTER) begin
            case (index)
                2: freeze <= bus_write_data;
                3: rounding_key <= bus_write_data;
                4: hebbian_rate <= bus_write_data;
                5: stability_hebbian <= bus_write_data;
                6: stability_rate <= bus_write_data;
                7: presynaptic_rate <= bus_write_data;
                8: threshold_factor <= bus_write_data;
                default:
                for (q = 0; q < POPULATIONS; q = q + 1) begin
                    if (index == 16 + 2 * q) kick_keys[q*32+:32] <= bus_write_data;
                    if (index == 17 + 2 * q) kick_sizes[q*32+:32] <= bus_write_data;
                end
            endcase
        end
        if (reset) count <= 0;
    end
endmodule

`default_nettype wire
