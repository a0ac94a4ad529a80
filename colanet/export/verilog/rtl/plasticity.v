// What the neurons of the learning population learn in a step (docs/model.md, sections 8 to 13 and 22).
//
// One neuron after another: own spikes, then rewards, then the presynaptic rule, then renormalisation. Each rule makes
// one change for all synapses of the neuron that it chooses; `synapses` carries it out in a sweep.

`default_nettype none

module plasticity (
    clock, start, done, step, advance,
    rounding_key, hebbian_rate, stability_hebbian, stability_rate, presynaptic_rate, threshold_factor,
    fired_address, fired_neuron, fired_forced, fired_count, rewarded, rewarded_neuron, reward,
    hash_value, hash, awake_address, awake_past,
    place_address, place_resource, place_row, place_lane,
    sweep, swept, resource_first, row_first, lane, select, contribute, fresh, window, change, added, positive,
    threshold_write, threshold_address, threshold_data,
    bus_post, bus_stability, bus_debt, bus_last_spike, bus_sequence_start, bus_forced
);
    `include "network.vh"

    input wire clock, start;
    output reg done;
    input wire [31:0] step;
    input wire advance;
    // Registers.
    input wire [31:0] rounding_key;
    input wire signed [31:0] hebbian_rate, stability_hebbian, stability_rate, presynaptic_rate;
    input wire [31:0] threshold_factor;
    // Who fired and who was rewarded in this step.
    output wire [FIRED_BITS-1:0] fired_address;
    input wire [NEURON_BITS-1:0] fired_neuron;
    input wire fired_forced;
    input wire [FIRED_BITS-1:0] fired_count;
    input wire rewarded;
    input wire [NEURON_BITS-1:0] rewarded_neuron;
    input wire signed [REWARD_BITS-1:0] reward;
    output wire [31:0] hash_value;
    input wire [31:0] hash;
    output wire [POST_BITS-1:0] awake_address;
    input wire [WINDOW-1:0] awake_past;
    // Where the synapses of a neuron lie.
    output wire [POST_BITS-1:0] place_address;
    input wire [RESOURCE_ADDRESS-1:0] place_resource;
    input wire [ROW_ADDRESS-1:0] place_row;
    input wire [LANE_BITS-1:0] place_lane;
    // A sweep over them.
    output reg sweep;
    input wire swept;
    output wire [RESOURCE_ADDRESS-1:0] resource_first;
    output wire [ROW_ADDRESS-1:0] row_first;
    output wire [LANE_BITS-1:0] lane;
    output reg [1:0] select;
    output reg contribute, fresh;
    output reg [WINDOW-1:0] window;
    output reg signed [STEP_BITS-1:0] change;
    input wire signed [DEBT_BITS-1:0] added;
    input wire [POSITIVE_BITS-1:0] positive;
    output reg threshold_write;
    output wire [POST_BITS-1:0] threshold_address;
    output wire [THRESHOLD_BITS-1:0] threshold_data;
    // Bus, between steps.
    input wire [POST_BITS-1:0] bus_post;
    output wire signed [STABILITY_BITS-1:0] bus_stability;
    output wire signed [DEBT_BITS-1:0] bus_debt;
    output wire [31:0] bus_last_spike, bus_sequence_start;
    output wire bus_forced;

    // ------------------------------------------------------------------------------- lists

    // Neurons that are rewarded in this step.
    reg [POST_BITS:0] reward_count;
    reg [TURN_BITS-1:0] turn;
    wire [NEURON_BITS-1:0] rewarded_post = rewarded_neuron - LEARNER_FIRST;
    wire [POST_BITS-1:0] listed_post;
    wire signed [REWARD_BITS-1:0] listed_reward;

    memory #(
        .WIDTH(POST_BITS + REWARD_BITS), .DEPTH(1 << POST_BITS), .ADDRESS(POST_BITS)
    ) rewards (
        .clock(clock),
        .write(rewarded), .write_address(reward_count[POST_BITS-1:0]),
        .write_data({rewarded_post[POST_BITS-1:0], reward}),
        .read_address(turn[POST_BITS-1:0]), .read_data({listed_post, listed_reward})
    );

    // Neurons whose debt is large enough to be shared out, in any order.
    reg [POST_BITS-1:0] due_first, due_stop;
    reg [POST_BITS:0] due_count, due_left;
    reg due_push;
    wire [POST_BITS-1:0] due_post;
    reg [POST_BITS-1:0] post;

    memory #(
        .WIDTH(POST_BITS), .DEPTH(1 << POST_BITS), .ADDRESS(POST_BITS), .FILE("due.mem")
    ) dues (
        .clock(clock),
        .write(due_push), .write_address(due_stop), .write_data(post),
        .read_address(due_first), .read_data(due_post)
    );

    // ------------------------------------------------------------------- state of a neuron

    localparam STATE = 32 + 1 + 32 + STABILITY_BITS + DEBT_BITS + 1;

    reg store;
    reg [31:0] sequence_start, last_spike;
    reg forced, is_due;
    reg signed [STABILITY_BITS-1:0] stability;
    reg signed [DEBT_BITS-1:0] debt;
    wire [STATE-1:0] stored;
    wire idle;

    memory #(
        .WIDTH(STATE), .DEPTH(LEARNER_SIZE), .ADDRESS(POST_BITS), .FILE("learning.mem")
    ) states (
        .clock(clock),
        .write(store), .write_address(post),
        .write_data({sequence_start, forced, last_spike, stability, debt, is_due}),
        .read_address(idle ? bus_post : post), .read_data(stored)
    );

    assign bus_sequence_start = stored[STATE-1-:32];
    assign bus_forced = stored[STATE-33];
    assign bus_last_spike = stored[STATE-34-:32];
    assign bus_stability = stored[DEBT_BITS+1+:STABILITY_BITS];
    assign bus_debt = stored[1+:DEBT_BITS];

    assign awake_address = post;
    assign place_address = post;
    assign resource_first = place_resource;
    assign row_first = place_row;
    assign lane = place_lane;
    assign threshold_address = post;

    // -------------------------------------------------------------------------- arithmetic

    reg multiply_start;
    reg [PRODUCT_BITS-1:0] factor_a, factor_b;
    wire multiplied;
    wire [2*PRODUCT_BITS-1:0] product;
    multiply #(.BITS(PRODUCT_BITS)) multiplier (
        .clock(clock), .start(multiply_start), .a(factor_a), .b(factor_b), .done(multiplied), .product(product)
    );

    wire [DEBT_BITS-1:0] debt_size = debt < 0 ? -debt : debt;
    reg divide_start;
    wire divided;
    wire [DEBT_BITS-1:0] share;
    divide #(.BITS(DEBT_BITS), .DIVISOR(SHARERS)) divider (
        .clock(clock), .start(divide_start), .dividend(debt_size), .done(divided), .quotient(share)
    );
    wire debt_due = RENORMALISES && debt_size >= DUE_DEBT;

    // 2^-f for the fraction f of the stability.
    wire [30:0] scale;
    memory #(.WIDTH(31), .DEPTH(1024), .ADDRESS(10), .FILE("scale.mem")) scales (
        .clock(clock),
        .write(1'b0), .write_address(10'd0), .write_data(31'd0),
        .read_address(stability[19:10]), .read_data(scale)
    );
    wire [STABILITY_BITS-21:0] halvings = stability[STABILITY_BITS-1:20];

    // Change of a two-factor stability, by the time since the sequence began.
    wire [31:0] since_start = step - sequence_start;
    wire [DISTANCE_BITS-1:0] distance = since_start > FACTORS - 1 ? FACTORS - 1 : since_start[DISTANCE_BITS-1:0];
    wire signed [22:0] sequence_factor;
    memory #(.WIDTH(23), .DEPTH(FACTORS), .ADDRESS(DISTANCE_BITS), .FILE("factors.mem")) factors (
        .clock(clock),
        .write(1'b0), .write_address({DISTANCE_BITS{1'b0}}), .write_data(23'd0),
        .read_address(distance), .read_data(sequence_factor)
    );

    // ------------------------------------------------------------------------------- rules

    localparam [2:0] OWN_SPIKE = 0, REWARD = 1, PRESYNAPTIC = 2, RENORMALISE = 3;
    localparam [4:0] IDLE = 0, KEY = 1, NEXT = 2, LISTED = 3, LOAD = 4, LOADED = 5, DECIDE = 6, SCALE = 7, SCALED = 8,
        ROUND = 9, DRAW = 10, CHANGE = 11, SWEEP = 12, BOOK = 13, THRESHOLD = 14, THRESHOLD_DONE = 15, STABILITY = 16,
        STABILITY_PRODUCT = 17, STABILITY_FACTOR = 18, STABILISE = 19, SHARE = 20, STORE = 21, STORED = 22;

    reg [4:0] state;
    reg [2:0] rule;
    reg [2:0] wait_count;
    reg [31:0] step_key;
    reg is_forced;                                     // the spike of now
    reg continues;                                     // it continues the sequence
    reg signed [REWARD_BITS-1:0] rewarding;
    reg negative;                                      // the sign of the change
    reg [PRODUCT_BITS-1:0] size;                       // its size in 2^-20
    reg signed [STABILITY_BITS-1:0] stability_change;
    reg [31:0] period_count;

    assign idle = state == IDLE;
    assign fired_address = turn[FIRED_BITS-1:0];
    assign hash_value = state == KEY ? rounding_key + step : step_key + {post, rule[1:0]};
    assign threshold_data = BASE_THRESHOLD + product[20+:THRESHOLD_BITS];

    wire signed [32:0] since_last = $signed({1'b0, step}) - $signed(last_spike);
    wire [REWARD_BITS-1:0] reward_size = rewarding < 0 ? -rewarding : rewarding;
    wire presynaptic_due = PRESYNAPTIC_PERIOD != 0 && step != 0 && period_count == 0;
    wire signed [31:0] rate = rule == OWN_SPIKE ? hebbian_rate : presynaptic_rate;
    wire [31:0] rate_size = rate < 0 ? -rate : rate;

    // The size of a change in whole grains, cut to what can make a difference.
    wire [GRAIN_BITS:0] more = !STOCHASTIC ? HALF_GRAIN : GRAIN_BITS == 0 ? 0 : hash & ((1 << GRAIN_BITS) - 1);
    wire [PRODUCT_BITS:0] grains = (size + more) >> GRAIN_BITS;
    wire [STEP_BITS-1:0] cut = grains > LARGEST_STEP ? LARGEST_STEP : grains[STEP_BITS-1:0];

    // A share of the debt.
    wire signed [STEP_BITS-1:0] shared = debt < 0 ? -$signed(share[STEP_BITS-1:0]) : $signed(share[STEP_BITS-1:0]);

    integer k;

    task look_back(input signed [32:0] steps);         // steps - 1 .. 0 steps ago
        for (k = 0; k < WINDOW; k = k + 1) window[k] <= awake_past[k] && k < steps;
    endtask

    function signed [STABILITY_BITS-1:0] with_sign(input minus, input [STABILITY_BITS-1:0] value);
        with_sign = minus ? -$signed(value) : $signed(value);
    endfunction

    initial begin
        state = IDLE;
        sweep = 1'b0;
        store = 1'b0;
        due_push = 1'b0;
        threshold_write = 1'b0;
        multiply_start = 1'b0;
        divide_start = 1'b0;
        reward_count = 0;
        due_first = 0;
        due_stop = DUES;
        due_count = DUES;
        period_count = PRESYNAPTIC_PERIOD == 0 ? 0 : FIRST_STEP % (PRESYNAPTIC_PERIOD == 0 ? 1 : PRESYNAPTIC_PERIOD);
    end

    always @(posedge clock) begin
        done <= 1'b0;
        sweep <= 1'b0;
        store <= 1'b0;
        due_push <= 1'b0;
        threshold_write <= 1'b0;
        multiply_start <= 1'b0;
        divide_start <= 1'b0;
        if (rewarded) reward_count <= reward_count + 1'b1;
        if (due_push) due_stop <= due_stop + 1'b1;
        if (advance) begin
            reward_count <= 0;
            if (PRESYNAPTIC_PERIOD != 0) period_count <= period_count == PRESYNAPTIC_PERIOD - 1 ? 0 : period_count + 1;
        end

        case (state)
            IDLE:
            if (start) begin
                rule <= OWN_SPIKE;
                turn <= 0;
                wait_count <= 0;
                due_left <= due_count;
                state <= STOCHASTIC ? KEY : NEXT;
            end
            KEY: begin
                wait_count <= wait_count + 1'b1;
                if (wait_count == 6) begin
                    step_key <= hash;
                    state <= NEXT;
                end
            end

            // Whose turn it is.
            NEXT: begin  // the lists are read
                contribute <= 1'b0;
                fresh <= 1'b0;
                state <= LISTED;
                if (rule == OWN_SPIKE && turn == fired_count || rule == REWARD && turn == reward_count
                        || rule == PRESYNAPTIC && (!presynaptic_due || turn == LEARNER_SIZE)) begin
                    rule <= rule + 1'b1;
                    turn <= 0;
                    if (rule == PRESYNAPTIC) due_left <= due_count;
                    state <= NEXT;
                end
                if (rule == RENORMALISE && due_left == 0) begin
                    done <= 1'b1;
                    state <= IDLE;
                end
            end
            LISTED: begin
                turn <= turn + 1'b1;
                state <= LOAD;
                case (rule)
                    OWN_SPIKE: begin
                        post <= fired_neuron - LEARNER_FIRST;
                        is_forced <= fired_forced;
                        if (fired_neuron < LEARNER_FIRST || fired_neuron >= LEARNER_FIRST + LEARNER_SIZE) state <= NEXT;
                    end
                    REWARD: begin
                        post <= listed_post;
                        rewarding <= listed_reward;
                    end
                    PRESYNAPTIC: post <= turn[POST_BITS-1:0];
                    default: begin
                        post <= due_post;
                        due_first <= due_first + 1'b1;
                        due_left <= due_left - 1'b1;
                        due_count <= due_count - 1'b1;
                    end
                endcase
            end
            LOAD: state <= LOADED;
            LOADED: begin
                {sequence_start, forced, last_spike, stability, debt, is_due} <= stored;
                state <= DECIDE;
            end

            // What the rule does.
            DECIDE: begin
                negative <= rate < 0;
                size <= rate_size;
                case (rule)
                    OWN_SPIKE: begin
                        continues <= !is_forced && !forced && since_last <= ISI_MAX;
                        select <= SELECT_NEW;
                        contribute <= 1'b1;
                        fresh <= is_forced || forced || since_last > ISI_MAX;
                        if (!is_forced && !forced && since_last <= ISI_MAX) look_back(since_last);
                        else look_back(HEBBIAN_WINDOW + 1);
                        change <= 0;
                        state <= is_forced ? SWEEP : SCALE;
                    end
                    REWARD: begin
                        select <= THREE_FACTOR ? SELECT_CONTRIBUTING : SELECT_RECEIVED;
                        look_back(DOPAMINE_WINDOW);
                        negative <= rewarding < 0;
                        size <= reward_size;
                        if (THREE_FACTOR && since_last > DOPAMINE_WINDOW) state <= NEXT;
                        else if (forced && rewarding < 0) state <= STABILITY;
                        else state <= SCALE;
                    end
                    PRESYNAPTIC: begin
                        select <= SELECT_RECEIVED;
                        look_back(PRESYNAPTIC_PERIOD);
                        state <= SCALE;
                    end
                    default: begin
                        select <= SELECT_ALL;
                        is_due <= 1'b0;
                        divide_start <= 1'b1;
                        state <= SHARE;
                        if (!debt_due || !forced && since_last < ISI_MAX) state <= STORE;
                    end
                endcase
            end

            // Its change: less by the stability, in whole grains.
            SCALE: begin  // 2^-f is read
                wait_count <= 0;
                if (stability <= 0) state <= ROUND;
                else state <= SCALED;
            end
            SCALED: begin
                factor_a <= size;
                factor_b <= halvings < 30 ? scale >> halvings[4:0] : 0;
                wait_count <= 1;
                if (wait_count == 0) multiply_start <= 1'b1;
                if (multiplied) begin
                    size <= product[30+:PRODUCT_BITS];
                    wait_count <= 0;
                    state <= ROUND;
                end
            end
            ROUND: state <= STOCHASTIC ? DRAW : CHANGE;
            DRAW: begin
                wait_count <= wait_count + 1'b1;
                if (wait_count == 5) state <= CHANGE;
            end
            CHANGE: begin
                change <= negative ? -$signed(cut) : $signed(cut);
                state <= SWEEP;
                if (cut == 0 && rule != OWN_SPIKE) state <= rule == REWARD ? STABILITY : NEXT;
            end
            SHARE:
            if (divided) begin
                change <= shared;
                state <= SWEEP;
            end
            SWEEP: begin
                sweep <= 1'b1;
                state <= BOOK;
            end
            BOOK:
            if (swept) begin
                if (RENORMALISES) begin
                    if (rule == RENORMALISE) debt <= debt - added - change * VIRTUAL;
                    else debt <= debt - added;
                end
                state <= THRESHOLD;
            end

            // The threshold follows the positive weights.
            THRESHOLD: begin
                factor_a <= positive;
                factor_b <= threshold_factor;
                multiply_start <= 1'b1;
                state <= THRESHOLD_DONE;
            end
            THRESHOLD_DONE:
            if (multiplied) begin
                threshold_write <= 1'b1;
                if (rule == REWARD) state <= STABILITY;
                else state <= STORE;
                if (rule == OWN_SPIKE) begin
                    last_spike <= step;
                    forced <= is_forced;
                    if (!continues) begin
                        sequence_start <= step;
                        stability_change <= stability_hebbian;
                        state <= STABILISE;
                    end
                end
            end

            // Stability after a reward.
            STABILITY: begin
                factor_a <= reward_size;
                factor_b <= stability_rate;
                multiply_start <= 1'b1;
                state <= STABILITY_PRODUCT;
            end
            STABILITY_PRODUCT:
            if (multiplied) begin
                // forced: -r R or nothing; R < 0: r R; else by the rule
                stability_change <= with_sign(forced ^ rewarding < 0, product[20+:STABILITY_BITS]);
                state <= STABILISE;
                if (forced && rewarding < 0) stability_change <= 0;
                if (!forced && rewarding >= 0) begin
                    if (STABILITY_THREE_FACTOR) stability_change <= with_sign(1'b0, product[20+:STABILITY_BITS] << 1);
                    else begin
                        factor_a <= product[20+:PRODUCT_BITS];
                        factor_b <= sequence_factor < 0 ? -sequence_factor : sequence_factor;
                        multiply_start <= 1'b1;
                        state <= STABILITY_FACTOR;
                    end
                end
            end
            STABILITY_FACTOR:
            if (multiplied) begin
                stability_change <= with_sign(sequence_factor < 0, product[20+:STABILITY_BITS]);
                state <= STABILISE;
            end
            STABILISE: begin
                if (stability > 0 || stability_change > 0) stability <= stability + stability_change;
                state <= STORE;
            end

            STORE: begin
                store <= 1'b1;
                if (debt_due && !is_due) begin
                    is_due <= 1'b1;
                    due_push <= 1'b1;
                    due_count <= due_count + 1'b1;
                end
                state <= STORED;
            end
            STORED: state <= NEXT;
            default: state <= IDLE;
        endcase
    end
endmodule

`default_nettype wire
