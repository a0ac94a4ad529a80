// The neurons, one a clock: gate, leak, integration, threshold, winner-take-all (docs/model.md, sections 4 to 6).
//
// The walk visits the populations in order. At the learning population it first lets `rows` add up what arrives at
// the next LANES neurons. A neuron passes eleven stages; the first six wait for its random kick.

`default_nettype none

module neurons (
    clock, start, step, advance, done, kick_keys, kick_sizes,
    hash_value, hash,
    list_slot, list_begins, list_address, list_node, row_add, row_address, row_shift, row_sum, seen, seen_node,
    arrival_address, arrived, clear, clear_address,
    fires, fires_neuron, fires_forced, fires_excess, rewarded, rewarded_neuron, reward,
    set, set_neuron, set_potential,
    awake_address, awake_past, threshold_write, threshold_address, threshold_data,
    bus_neuron, bus_write_gate, bus_data, bus_potential, bus_gate, bus_threshold
);
    `include "network.vh"

    input wire clock, start;
    input wire [31:0] step;
    input wire advance;                                // the step is over
    output reg done;
    input wire [POPULATIONS*32-1:0] kick_keys, kick_sizes;
    // Hash: a value, and its hash six clocks later.
    output wire [31:0] hash_value;
    input wire [31:0] hash;
    // Spikes of the nodes with plastic synapses, and the rows of weights.
    output reg [ROW_SLOT_BITS-1:0] list_slot;
    input wire [LIST_ADDRESS-1:0] list_begins;
    output reg [LIST_ADDRESS-1:0] list_address;
    input wire [NODE_BITS-1:0] list_node;
    output wire row_add;
    output wire [ROW_ADDRESS-1:0] row_address;
    output wire row_shift;
    input wire [SUM_BITS-1:0] row_sum;
    output wire seen;                                  // a spike of this node arrives
    output wire [NODE_BITS-1:0] seen_node;
    // Arrivals over other projections.
    output wire [NEURON_BITS-1:0] arrival_address;
    input wire [ARRIVAL_BITS-1:0] arrived;
    output wire clear;
    output wire [NEURON_BITS-1:0] clear_address;
    // Who fires, and who is rewarded.
    output reg fires;
    output reg [NEURON_BITS-1:0] fires_neuron;
    output reg fires_forced;
    output reg [POTENTIAL_BITS-1:0] fires_excess;          // of the potential above the threshold
    output wire rewarded;
    output wire [NEURON_BITS-1:0] rewarded_neuron;
    output wire signed [REWARD_BITS-1:0] reward;
    // A potential is set: by a spike, or over the bus.
    input wire set;
    input wire [NEURON_BITS-1:0] set_neuron;
    input wire signed [POTENTIAL_BITS-1:0] set_potential;
    // For plasticity: when a neuron of the learning population was awake; its threshold.
    input wire [POST_BITS-1:0] awake_address;
    output wire [WINDOW-1:0] awake_past;
    input wire threshold_write;
    input wire [POST_BITS-1:0] threshold_address;
    input wire [THRESHOLD_BITS-1:0] threshold_data;
    // Bus, between steps.
    input wire [NEURON_BITS-1:0] bus_neuron;
    input wire bus_write_gate;
    input wire [31:0] bus_data;
    output wire signed [POTENTIAL_BITS-1:0] bus_potential;
    output wire signed [GATE_BITS-1:0] bus_gate;
    output wire [THRESHOLD_BITS-1:0] bus_threshold;

    localparam signed [GATE_BITS-1:0] AWAKE = {1'b0, {GATE_BITS - 1{1'b1}}};  // for good
    localparam STAGES = 10;

    // ---------------------------------------------------------------- periodic reset

    wire [POPULATIONS-1:0] resets;
    genvar g;
    generate
        for (g = 0; g < POPULATIONS; g = g + 1) begin : periods
            localparam [31:0] PERIOD = POPULATION_RESET_PERIOD[g*32+:32];
            localparam [31:0] PHASE = POPULATION_RESET_PHASE[g*32+:32];
            if (PERIOD != 0) begin : periodic
                localparam [31:0] FIRST = FIRST_STEP % PERIOD;
                reg [31:0] count;
                initial count = FIRST;
                always @(posedge clock) begin
                    if (advance) count <= count == PERIOD - 1 ? 0 : count + 1;
                end
                assign resets[g] = count == PHASE;
            end else begin : never
                assign resets[g] = 1'b0;
            end
        end
    endgenerate

    // ----------------------------------------------------------------------- walk

    localparam IDLE = 4'd0, KEYS = 4'd1, SLOT_FIRST = 4'd2, SLOT_LAST = 4'd3, BOUNDS = 4'd4, LAST = 4'd5,
        BEGIN = 4'd6, ROWS = 4'd7, ROWS_END = 4'd8, WALK = 4'd9, DRAIN = 4'd10;

    reg [3:0] state;
    reg [3:0] wait_count;
    reg [POPULATION_BITS-1:0] population;
    reg [NEURON_BITS-1:0] neuron, member, column, lane;
    reg [LIST_ADDRESS-1:0] list_first, list_last;
    reg [ROW_ADDRESS-1:0] group_rows;                  // first row of the group
    reg first_group;
    reg adding;                                        // a node is there, and its row is read
    reg signed [CURRENT_BITS-1:0] base;                // what the spikes add to every neuron

    wire [31:0] population_stop = POPULATION_STOP[population*32+:32];
    wire [31:0] column_size = POPULATION_COLUMN[population*32+:32];
    wire plastic = population == LEARNER;
    wire feed = state == WALK;
    wire closes = column + 1 == column_size;           // the last of its column
    wire last_of_population = neuron + 1 == population_stop;

    assign row_add = adding;
    assign row_address = group_rows + list_node[ROW_BITS-1:0];
    assign row_shift = feed && plastic;
    assign seen = adding && first_group;
    assign seen_node = list_node;

    // Keys of the kicks of this step.
    reg [POPULATIONS*32-1:0] step_keys;
    reg [POPULATION_BITS-1:0] keyed;

    assign hash_value = state == KEYS ? kick_keys[population*32+:32] + step
        : step_keys[population*32+:32] + (member >> 1);

    initial begin
        state = IDLE;
        adding = 1'b0;
        step_keys = 0;
    end

    always @(posedge clock) begin
        done <= 1'b0;
        adding <= 1'b0;
        case (state)
            IDLE:
            if (start) begin
                population <= 0;
                keyed <= 0;
                wait_count <= 0;
                state <= KICKS ? KEYS : SLOT_FIRST;
            end
            KEYS: begin
                if (population != POPULATIONS - 1) population <= population + 1'b1;
                wait_count <= wait_count == 6 ? 4'd6 : wait_count + 1'b1;
                if (wait_count == 6) begin
                    step_keys[keyed*32+:32] <= hash;
                    keyed <= keyed + 1'b1;
                    if (keyed == POPULATIONS - 1) state <= SLOT_FIRST;
                end
            end
            SLOT_FIRST: begin
                list_slot <= step[ROW_SLOT_BITS-1:0] - ROW_DELAY;
                population <= 0;
                neuron <= 0;
                member <= 0;
                column <= 0;
                group_rows <= 0;
                first_group <= 1'b1;
                base <= 0;
                state <= SLOT_LAST;
            end
            SLOT_LAST: begin
                list_slot <= list_slot + 1'b1;
                state <= BOUNDS;
            end
            BOUNDS: begin
                list_first <= list_begins;
                state <= LAST;
            end
            LAST: begin
                list_last <= list_begins;
                state <= BEGIN;
            end
            BEGIN: begin
                list_address <= list_first;
                lane <= 0;
                if (!plastic || list_first == list_last) state <= WALK;
                else state <= ROWS;
            end
            ROWS: begin
                adding <= 1'b1;
                list_address <= list_address + 1'b1;
                if (first_group) base <= base + WEIGHT_BASE;
                if (list_address + 1'b1 == list_last) state <= ROWS_END;
            end
            ROWS_END: if (!adding) state <= WALK;
            WALK: begin
                neuron <= neuron + 1'b1;
                member <= member + 1'b1;
                column <= closes ? 0 : column + 1'b1;
                lane <= lane + 1'b1;
                if (last_of_population) begin
                    member <= 0;
                    column <= 0;
                    if (population == POPULATIONS - 1) begin
                        wait_count <= 0;
                        state <= DRAIN;
                    end else begin
                        population <= population + 1'b1;
                        state <= BEGIN;
                    end
                end else if (plastic && lane == LANES - 1) begin
                    group_rows <= group_rows + ROW_NODES;
                    first_group <= 1'b0;
                    state <= BEGIN;
                end
            end
            DRAIN: begin
                wait_count <= wait_count + 1'b1;
                if (wait_count == STAGES + 2) begin
                    done <= 1'b1;
                    state <= IDLE;
                end
            end
            default: state <= IDLE;
        endcase
    end

    // ------------------------------------------------------------- stages 1 to 6: waiting

    localparam NOTE = NEURON_BITS + POPULATION_BITS + 2 + SUM_BITS;
    reg [NOTE-1:0] notes[1:6];
    reg [STAGES:1] valid;
    integer s;

    initial valid = 0;

    always @(posedge clock) begin
        valid <= {valid[STAGES-1:1], feed};
        notes[1] <= {neuron, population, member[0], closes, row_sum};
        for (s = 2; s <= 6; s = s + 1) notes[s] <= notes[s-1];
    end

    wire [NOTE-1:0] note5 = notes[5], note6 = notes[6];
    wire [NEURON_BITS-1:0] neuron5 = note5[NOTE-1-:NEURON_BITS];
    wire [NEURON_BITS-1:0] neuron6 = note6[NOTE-1-:NEURON_BITS];
    wire [POPULATION_BITS-1:0] population6 = note6[SUM_BITS+2+:POPULATION_BITS];
    wire odd6 = note6[SUM_BITS+1], closes6 = note6[SUM_BITS];
    wire [SUM_BITS-1:0] sum6 = note6[SUM_BITS-1:0];

    // Memories are read in stage 5, and written in stage 9.
    wire signed [POTENTIAL_BITS-1:0] potential6;
    wire signed [GATE_BITS-1:0] gate6;
    reg [NEURON_BITS-1:0] neuron9;
    reg signed [POTENTIAL_BITS-1:0] potential9;
    reg signed [GATE_BITS-1:0] gate9;
    wire walking = state != IDLE;

    memory #(
        .WIDTH(POTENTIAL_BITS), .DEPTH(NEURONS), .ADDRESS(NEURON_BITS), .FILE("potential.mem")
    ) potentials (
        .clock(clock),
        .write(valid[9] || set), .write_address(valid[9] ? neuron9 : set_neuron),
        .write_data(valid[9] ? potential9 : set_potential),
        .read_address(walking ? neuron5 : bus_neuron), .read_data(potential6)
    );

    memory #(
        .WIDTH(GATE_BITS), .DEPTH(NEURONS), .ADDRESS(NEURON_BITS), .FILE("gate.mem")
    ) gates (
        .clock(clock),
        .write(valid[9] || bus_write_gate), .write_address(valid[9] ? neuron9 : bus_neuron),
        .write_data(valid[9] ? gate9 : bus_data[GATE_BITS-1:0]),
        .read_address(walking ? neuron5 : bus_neuron), .read_data(gate6)
    );

    wire [NEURON_BITS-1:0] post5 = neuron5 - LEARNER_FIRST;
    wire [THRESHOLD_BITS-1:0] threshold6;

    memory #(
        .WIDTH(THRESHOLD_BITS), .DEPTH(LEARNER_SIZE), .ADDRESS(POST_BITS), .FILE("threshold.mem")
    ) thresholds (
        .clock(clock),
        .write(threshold_write), .write_address(threshold_address), .write_data(threshold_data),
        .read_address(walking ? post5[POST_BITS-1:0] : bus_neuron[POST_BITS-1:0]), .read_data(threshold6)
    );

    assign arrival_address = neuron5;
    assign bus_potential = potential6;
    assign bus_gate = gate6;
    assign bus_threshold = threshold6;

    // ------------------------------------------------------ stage 6: gate, leak, kick, arrivals

    wire plastic6 = population6 == LEARNER;
    wire signed [CURRENT_BITS-1:0] fixed6 = arrived[CURRENT_BITS-1:0];
    wire forced6 = arrived[CURRENT_BITS];
    wire signed [GATE_BITS-1:0] wake6 = arrived[CURRENT_BITS+1+:GATE_BITS];
    wire signed [GATE_BITS-1:0] sleep6 = arrived[CURRENT_BITS+1+GATE_BITS+:GATE_BITS];
    wire signed [REWARD_BITS-1:0] reward6 = arrived[CURRENT_BITS+1+2*GATE_BITS+:REWARD_BITS];

    wire signed [GATE_BITS-1:0] moved6 = gate6 == -1 ? AWAKE
        : gate6 < 0 ? gate6 + 1
        : gate6 > 0 && gate6 != AWAKE ? gate6 - 1 : gate6;
    wire signed [GATE_BITS-1:0] woken6 = wake6 > 0 && moved6 < wake6 ? wake6 : moved6;
    wire signed [GATE_BITS-1:0] gated6 = sleep6 < 0 && woken6 > sleep6 ? sleep6 : woken6;
    wire awake6 = gated6 > 0;

    wire [10:0] leak6 = POPULATION_LEAK[population6*32+:11];
    wire [POTENTIAL_BITS-1:0] size6 = potential6 < 0 ? -potential6 : potential6;
    wire [POTENTIAL_BITS+10:0] leaked6 = size6 * leak6;
    wire signed [WIDE_BITS-1:0] left6 = $signed({1'b0, leaked6[POTENTIAL_BITS+10:10]});

    wire [15:0] draw6 = odd6 ? hash[31:16] : hash[15:0];
    wire [KICK_BITS-1:0] kick_size6 = kick_sizes[population6*32+:KICK_BITS];
    wire [KICK_BITS+15:0] kick6 = draw6 * kick_size6;
    wire signed [31:0] bias6 = POPULATION_BIAS[population6*32+:32];

    wire signed [WIDE_BITS-1:0] weights6 = base + $signed({1'b0, sum6}) * WEIGHT_STEP;

    reg signed [WIDE_BITS-1:0] left7, kick7, current7;
    reg [NEURON_BITS-1:0] neuron7, neuron8;
    reg [POPULATION_BITS-1:0] population7, population8, population9;
    reg closes7, closes8, closes9, forced7, forced8, forced9, awake7, awake8, awake9;
    reg signed [GATE_BITS-1:0] gate7, gate8;
    reg [THRESHOLD_BITS-1:0] threshold7, threshold8, threshold9;
    reg signed [REWARD_BITS-1:0] reward7, reward8, reward9;
    reg signed [WIDE_BITS-1:0] total8;

    always @(posedge clock) begin
        left7 <= potential6 < 0 ? -left6 : left6;
        kick7 <= bias6 + $signed({1'b0, kick6[KICK_BITS+15:16]});
        current7 <= !awake6 ? 0 : plastic6 ? fixed6 + weights6 : fixed6;
        neuron7 <= neuron6;
        population7 <= population6;
        closes7 <= closes6;
        forced7 <= forced6;
        awake7 <= awake6;
        gate7 <= gated6;
        threshold7 <= plastic6 ? threshold6 : BASE_THRESHOLD;
        reward7 <= plastic6 && awake6 ? reward6 : 0;

        // Stage 7: the sum.
        total8 <= left7 + kick7 + current7;
        neuron8 <= neuron7;
        population8 <= population7;
        closes8 <= closes7;
        forced8 <= forced7;
        awake8 <= awake7;
        gate8 <= gate7;
        threshold8 <= threshold7;
        reward8 <= reward7;
    end

    // ------------------------------------------- stage 8: floor, what the bits hold, periodic reset

    wire signed [31:0] floor8 = POPULATION_FLOOR[population8*32+:32];
    wire signed [31:0] limit8 = POPULATION_LIMIT[population8*32+:32];
    wire [4:0] cut8 = POPULATION_CUT[population8*32+:5];
    wire signed [WIDE_BITS-1:0] floored8 = total8 < floor8 ? floor8 : total8;

    function signed [WIDE_BITS-1:0] held(
        input signed [WIDE_BITS-1:0] value, input signed [31:0] limit, input [4:0] cut
    );
        reg [WIDE_BITS-1:0] size;
        begin
            size = value < 0 ? -value : value;
            if (size > limit) size = limit;
            size = (size >> cut) << cut;
            held = value < 0 ? -$signed(size) : $signed(size);
        end
    endfunction

    wire signed [WIDE_BITS-1:0] held8 = held(floored8, limit8, cut8);

    always @(posedge clock) begin
        potential9 <= resets[population8] ? 0 : held8;
        neuron9 <= neuron8;
        population9 <= population8;
        closes9 <= closes8;
        forced9 <= forced8;
        awake9 <= awake8;
        gate9 <= gate8;
        threshold9 <= threshold8;
        reward9 <= reward8;
    end

    // ------------------------------------------------ stages 9 and 10: excess; the best of a column

    reg [NEURON_BITS-1:0] neuron10;
    reg awake10, closes10, forced10, contest10;
    reg signed [WIDE_BITS-1:0] excess10;

    always @(posedge clock) begin
        excess10 <= potential9 - $signed({1'b0, threshold9});
        awake10 <= awake9;
        neuron10 <= neuron9;
        closes10 <= closes9;
        forced10 <= forced9;
        contest10 <= POPULATION_WINNER[population9];
    end

    reg best;                                          // somebody of the column is above its threshold
    reg [NEURON_BITS-1:0] best_neuron;
    reg best_forced;
    reg [POTENTIAL_BITS-1:0] best_excess;              // an excess is smaller than the potential
    wire fires10 = awake10 && excess10 > 0;
    wire leads10 = fires10 && (!best || excess10[POTENTIAL_BITS-1:0] > best_excess);

    initial best = 1'b0;

    always @(posedge clock) begin
        fires <= valid[10] && (contest10 ? closes10 && (fires10 || best) : fires10);
        fires_neuron <= leads10 || !contest10 ? neuron10 : best_neuron;
        fires_forced <= leads10 || !contest10 ? forced10 : best_forced;
        fires_excess <= leads10 || !contest10 ? excess10[POTENTIAL_BITS-1:0] : best_excess;
        if (valid[10] && contest10) begin
            best <= !closes10 && (fires10 || best);
            if (leads10) begin
                best_neuron <= neuron10;
                best_forced <= forced10;
                best_excess <= excess10[POTENTIAL_BITS-1:0];
            end
        end
    end

    assign clear = valid[9];
    assign clear_address = neuron9;
    assign rewarded = valid[9] && reward9 != 0;
    assign rewarded_neuron = neuron9;
    assign reward = reward9;

    // --------------------------------------- when the neurons of the learning population were awake

    generate
        if (LEARN) begin : past
            // Stage 8 reads, stage 9 writes; bit k: awake k steps ago.
            wire [NEURON_BITS-1:0] post8 = neuron8 - LEARNER_FIRST;
            wire [NEURON_BITS-1:0] post9 = neuron9 - LEARNER_FIRST;
            wire [WINDOW:0] past9 = {awake_past, awake9};
            memory #(
                .WIDTH(WINDOW), .DEPTH(LEARNER_SIZE), .ADDRESS(POST_BITS), .FILE("awake.mem")
            ) awake (
                .clock(clock),
                .write(valid[9] && population9 == LEARNER), .write_address(post9[POST_BITS-1:0]),
                .write_data(past9[WINDOW-1:0]),
                .read_address(walking ? post8[POST_BITS-1:0] : awake_address), .read_data(awake_past)
            );
        end else begin : no_past
            assign awake_past = {WINDOW{1'b0}};
        end
    endgenerate
endmodule

`default_nettype wire
