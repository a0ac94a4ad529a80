// Who fired in this step: potentials go back, spikes go out, to the list of events and to the votes.

`default_nettype none

module fire (
    clock, begin_step, fires, fires_neuron, fires_forced, fires_excess,
    start, done, close, closed,
    set, set_neuron, set_potential, event_push, event_number, vote, vote_class,
    fired_valid, fired_ready, fired_last, fired_neuron,
    read_address, read_neuron, read_forced, count
);
    `include "network.vh"

    input wire clock;
    input wire begin_step;                        // nobody has fired yet
    input wire fires;
    input wire [NEURON_BITS-1:0] fires_neuron;
    input wire fires_forced;
    input wire [POTENTIAL_BITS-1:0] fires_excess;
    input wire start;
    output reg done;
    input wire close;                             // send the closing beat
    output wire closed;
    output wire set;
    output wire [NEURON_BITS-1:0] set_neuron;
    output wire signed [POTENTIAL_BITS-1:0] set_potential;
    output wire event_push;
    output wire [NEURON_BITS-1:0] event_number;
    output wire vote;
    output wire [CLASS_BITS-1:0] vote_class;
    output reg fired_valid;
    input wire fired_ready;
    output reg fired_last;
    output reg [NEURON_BITS-1:0] fired_neuron;
    // For plasticity.
    input wire [FIRED_BITS-1:0] read_address;
    output wire [NEURON_BITS-1:0] read_neuron;
    output wire read_forced;
    output reg [FIRED_BITS-1:0] count;

    localparam IDLE = 2'd0, READ = 2'd1, SEND = 2'd2;

    reg [1:0] state;
    reg [FIRED_BITS-1:0] next;
    wire [POTENTIAL_BITS-1:0] read_excess;

    memory #(
        .WIDTH(NEURON_BITS + 1 + POTENTIAL_BITS), .DEPTH(1 << FIRED_BITS), .ADDRESS(FIRED_BITS)
    ) fired (
        .clock(clock),
        .write(fires), .write_address(count), .write_data({fires_neuron, fires_forced, fires_excess}),
        .read_address(state == IDLE ? read_address : next), .read_data({read_neuron, read_forced, read_excess})
    );

    // What the populations do with a spike.
    integer p;
    reg subtracts, spreads, votes;
    reg [4:0] cut;
    always @(*) begin
        subtracts = 1'b0;
        cut = 5'd0;
        spreads = 1'b0;
        votes = 1'b0;
        for (p = 0; p < POPULATIONS; p = p + 1) begin
            if (read_neuron < POPULATION_STOP[p*32+:32]
                    && (p == 0 || read_neuron >= POPULATION_STOP[(p == 0 ? 0 : p - 1)*32+:32])) begin
                subtracts = POPULATION_SUBTRACT[p];
                cut = POPULATION_CUT[p*32+:5];
                spreads = POPULATION_SPREADS[p];
                votes = p == DECIDING;
            end
        end
    end

    wire sending = state == SEND && (!fired_valid || fired_ready);

    assign set = sending;
    assign set_neuron = read_neuron;
    assign set_potential = subtracts ? read_excess >> cut << cut : 0;
    assign event_push = sending && spreads;
    assign event_number = read_neuron;
    assign vote = sending && votes;
    assign vote_class = DECIDING_CLASS[(read_neuron - DECIDING_FIRST)*32+:CLASS_BITS];
    assign closed = close && (!fired_valid || fired_ready);

    initial begin
        state = IDLE;
        fired_valid = 1'b0;
        count = 0;
    end

    always @(posedge clock) begin
        done <= 1'b0;
        if (fired_ready) fired_valid <= 1'b0;
        if (begin_step) count <= 0;
        else if (fires) count <= count + 1'b1;
        case (state)
            IDLE:
            if (start) begin
                next <= 0;
                if (count == 0) done <= 1'b1;
                else state <= READ;
            end
            READ: state <= SEND;
            SEND:
            if (sending) begin
                fired_valid <= 1'b1;
                fired_last <= 1'b0;
                fired_neuron <= read_neuron;
                next <= next + 1'b1;
                state <= READ;
                if (next + 1'b1 == count) begin
                    done <= 1'b1;
                    state <= IDLE;
                end
            end
            default: state <= IDLE;
        endcase
        if (closed) begin
            fired_valid <= 1'b1;
            fired_last <= 1'b1;
            fired_neuron <= {NEURON_BITS{1'b1}};
        end
    end
endmodule

`default_nettype wire
