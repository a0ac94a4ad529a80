// Arrivals over fixed, gating and reward projections (docs/model.md, section 3), and the memory that collects them.
//
// One entry a neuron: {reward, sleep, wake, forced, current}. A projection reaches, from each source neuron, a range of
// targets with a gap; the list of events has the spikes of the steps that are still under way.

`default_nettype none

module deliver (
    clock, start, step, done, slot, begins, event_address, event_number,
    read_address, arrived, clear, clear_address
);
    `include "network.vh"

    input wire clock, start;
    input wire [31:0] step;
    output reg done;
    // The list of events.
    output reg [SLOT_BITS-1:0] slot;
    input wire [EVENT_ADDRESS-1:0] begins;
    output reg [EVENT_ADDRESS-1:0] event_address;
    input wire [SOURCE_BITS-1:0] event_number;
    // What has arrived, for the neurons that take it.
    input wire [NEURON_BITS-1:0] read_address;
    output wire [ARRIVAL_BITS-1:0] arrived;
    input wire clear;
    input wire [NEURON_BITS-1:0] clear_address;

    localparam IDLE = 4'd0, SLOT_FIRST = 4'd1, SLOT_LAST = 4'd2, BOUNDS = 4'd3, NEXT = 4'd4, SOURCE = 4'd5,
        SPAN = 4'd6, TARGETS = 4'd7, TARGET = 4'd8, CHANGE = 4'd9;

    reg [3:0] state;
    reg [PROJECTION_BITS-1:0] projection;
    reg [SPAN_ADDRESS-1:0] span_address;
    reg [TARGET_BITS-1:0] post, stop, gap, gap_stop;

    // Constants of the projection.
    wire [31:0] delay = PROJECTION_DELAY[projection*32+:32];
    wire [31:0] source_first = PROJECTION_SOURCE[projection*32+:32];
    wire [31:0] source_stop = PROJECTION_SOURCE_STOP[projection*32+:32];
    wire [31:0] span_first = PROJECTION_SPAN[projection*32+:32];
    wire [31:0] target_first = PROJECTION_TARGET[projection*32+:32];
    wire signed [31:0] weight = PROJECTION_WEIGHT[projection*32+:32];
    wire [1:0] kind = PROJECTION_KIND[projection*2+:2];

    wire [4*TARGET_BITS-1:0] span;
    memory #(
        .WIDTH(4 * TARGET_BITS), .DEPTH(SPANS), .ADDRESS(SPAN_ADDRESS), .FILE("spans.mem")
    ) spans (
        .clock(clock),
        .write(1'b0), .write_address({SPAN_ADDRESS{1'b0}}), .write_data({4 * TARGET_BITS{1'b0}}),
        .read_address(span_address), .read_data(span)
    );

    wire [NEURON_BITS-1:0] target = target_first[NEURON_BITS-1:0] + post;
    wire delivering = state == TARGET || state == CHANGE;
    wire signed [CURRENT_BITS-1:0] current = arrived[CURRENT_BITS-1:0];
    wire forced = arrived[CURRENT_BITS];
    wire signed [GATE_BITS-1:0] wake = arrived[CURRENT_BITS+1+:GATE_BITS];
    wire signed [GATE_BITS-1:0] sleep = arrived[CURRENT_BITS+1+GATE_BITS+:GATE_BITS];
    wire signed [REWARD_BITS-1:0] reward = arrived[CURRENT_BITS+1+2*GATE_BITS+:REWARD_BITS];
    wire signed [CURRENT_BITS-1:0] current_sum = current + weight;
    wire signed [REWARD_BITS-1:0] reward_sum = reward + weight;
    wire signed [GATE_BITS-1:0] gating = weight[GATE_BITS-1:0];
    reg [ARRIVAL_BITS-1:0] more;

    always @(*) begin
        more = arrived;
        case (kind)
            KIND_FIXED: begin
                more[CURRENT_BITS-1:0] = current_sum;
                more[CURRENT_BITS] = forced || weight > 0;
            end
            KIND_WAKE: if (wake < gating) more[CURRENT_BITS+1+:GATE_BITS] = gating;
            KIND_SLEEP: if (sleep > gating) more[CURRENT_BITS+1+GATE_BITS+:GATE_BITS] = gating;
            default: more[CURRENT_BITS+1+2*GATE_BITS+:REWARD_BITS] = reward_sum;
        endcase
    end

    memory #(
        .WIDTH(ARRIVAL_BITS), .DEPTH(NEURONS), .ADDRESS(NEURON_BITS), .FILE("arrivals.mem")
    ) arrivals (
        .clock(clock),
        .write(clear || state == CHANGE),
        .write_address(clear ? clear_address : target),
        .write_data(clear ? {ARRIVAL_BITS{1'b0}} : more),
        .read_address(delivering ? target : read_address), .read_data(arrived)
    );

    initial state = IDLE;

    always @(posedge clock) begin
        done <= 1'b0;
        case (state)
            IDLE:
            if (start) begin
                projection <= 0;
                if (PROJECTIONS == 0) done <= 1'b1;
                else state <= SLOT_FIRST;
            end
            SLOT_FIRST: begin
                slot <= step[SLOT_BITS-1:0] - delay[SLOT_BITS-1:0];
                state <= SLOT_LAST;
            end
            SLOT_LAST: begin
                slot <= slot + 1'b1;
                state <= BOUNDS;
            end
            BOUNDS: begin
                event_address <= begins;
                state <= NEXT;
            end
            NEXT: begin  // begins now is where the step ends
                if (event_address != begins) state <= SOURCE;
                else if (projection != PROJECTIONS - 1) begin
                    projection <= projection + 1'b1;
                    state <= SLOT_FIRST;
                end else begin
                    done <= 1'b1;
                    state <= IDLE;
                end
            end
            SOURCE: begin  // the number is there
                span_address <= span_first[SPAN_ADDRESS-1:0] + event_number - source_first[SOURCE_BITS-1:0];
                event_address <= event_address + 1'b1;
                if (event_number >= source_first && event_number < source_stop) state <= SPAN;
                else state <= NEXT;
            end
            SPAN: state <= TARGETS;
            TARGETS: begin
                {gap_stop, gap, stop, post} <= span;
                state <= TARGET;
            end
            TARGET: begin
                if (post == stop) state <= NEXT;
                else if (post == gap && gap != gap_stop) post <= gap_stop;
                else state <= CHANGE;
            end
            CHANGE: begin
                post <= post + 1'b1;
                state <= TARGET;
            end
            default: state <= IDLE;
        endcase
    end
endmodule

`default_nettype wire
