// Plastic synapses of one neuron after another: resources, contributions, and what their codes become.
//
// A sweep visits all synapses of a neuron, one a clock, and changes the chosen ones by one step (docs/model.md,
// sections 8 to 13 and 22). The last steps in which a node's spike arrived are a window of bits that ends with its last
// spike; a sweep moves it to the present step.

`default_nettype none

module synapses (
    clock, step, seen, seen_node, scrub,
    start, done, resource_first, row_first, select, contribute, fresh, window, change, added, positive,
    code_address, code_write, code_write_address, code_write_data,
    bus_address, bus_resource
);
    `include "network.vh"

    input wire clock;
    input wire [31:0] step;
    input wire seen;                                    // a spike of this node arrives in this step
    input wire [NODE_BITS-1:0] seen_node;
    input wire scrub;                                   // one window a step: forget what is too old
    // A sweep.
    input wire start;
    output reg done;
    input wire [RESOURCE_ADDRESS-1:0] resource_first;   // the neuron's first resource
    input wire [ROW_ADDRESS-1:0] row_first;             // the first row of its group
    input wire [1:0] select;                            // who changes
    input wire contribute;                              // who received a spike contributes from now on
    input wire fresh;                                   // a new sequence: nobody has contributed
    input wire [WINDOW-1:0] window;                     // bit k: a spike k steps ago counts
    input wire signed [STEP_BITS-1:0] change;           // in grains
    output reg signed [DEBT_BITS-1:0] added;            // to all resources together, in grains
    output reg [POSITIVE_BITS-1:0] positive;            // sum of the positive weights, 1/1000
    // The row of each code: read, and one clock later exchanged.
    output wire [ROW_ADDRESS-1:0] code_address;
    output wire code_write;
    output wire [ROW_ADDRESS-1:0] code_write_address;
    output wire [CODE_BITS-1:0] code_write_data;
    // Bus, between steps.
    input wire [RESOURCE_ADDRESS-1:0] bus_address;
    output wire [RESOURCE_BITS:0] bus_resource;         // and above it whether it contributes

    localparam signed [STEP_BITS:0] LIMIT = RESOURCE_LIMIT;

    // ------------------------------------------------------------------ windows of the nodes

    wire [WINDOW+STAMP_BITS-1:0] history;
    wire [WINDOW-1:0] bits = history[WINDOW+STAMP_BITS-1:STAMP_BITS];
    wire [STAMP_BITS-1:0] stamp = history[STAMP_BITS-1:0];
    wire [STAMP_BITS-1:0] age = step[STAMP_BITS-1:0] - stamp;
    wire [WINDOW-1:0] recent = age < WINDOW ? bits << age : {WINDOW{1'b0}};

    reg seen1, scrub1;
    reg [ROW_BITS-1:0] node1, scrubbed;
    reg [ROW_BITS-1:0] node;
    reg running;

    memory #(
        .WIDTH(WINDOW + STAMP_BITS), .DEPTH(ROW_NODES), .ADDRESS(ROW_BITS), .FILE("history.mem")
    ) windows (
        .clock(clock),
        .write(seen1 || scrub1), .write_address(node1),
        .write_data({seen1 ? recent | 1'b1 : recent, step[STAMP_BITS-1:0]}),
        .read_address(seen ? seen_node[ROW_BITS-1:0] : scrub ? scrubbed : node), .read_data(history)
    );

    initial begin
        seen1 = 1'b0;
        scrub1 = 1'b0;
        scrubbed = 0;
    end

    always @(posedge clock) begin
        seen1 <= seen;
        scrub1 <= scrub;
        node1 <= seen ? seen_node[ROW_BITS-1:0] : scrubbed;
        if (scrub1) scrubbed <= scrubbed == ROW_NODES - 1 ? 0 : scrubbed + 1'b1;
    end

    // ------------------------------------------------------------------------------- a sweep

    reg [RESOURCE_ADDRESS-1:0] resource_address, resource_address1, resource_address2;
    reg [ROW_ADDRESS-1:0] row, row1, row2, row3;
    reg valid1, valid2, valid3;
    wire [RESOURCE_BITS:0] stored;

    // Clock 1: the resource and the window of the node are there.
    wire signed [RESOURCE_BITS-1:0] resource1 = stored[RESOURCE_BITS-1:0];
    wire contributes1 = stored[RESOURCE_BITS] && !fresh;
    wire received1 = |(recent & window);
    wire changes1 = select == SELECT_ALL
        || (select == SELECT_NEW && received1 && !contributes1)
        || (select == SELECT_CONTRIBUTING && contributes1)
        || (select == SELECT_RECEIVED && received1);
    wire signed [STEP_BITS:0] sum1 = changes1 ? resource1 + change : resource1;
    wire signed [STEP_BITS:0] held1 = sum1 > LIMIT ? LIMIT : sum1 < -LIMIT ? -LIMIT : sum1;

    // Clock 2: the new resource; its code is looked up.
    reg signed [RESOURCE_BITS-1:0] resource2;
    reg contributes2;
    reg signed [RESOURCE_BITS:0] added2;
    wire [RESOURCE_BITS-2:0] level2 = resource2 < 0 ? {RESOURCE_BITS - 1{1'b0}} : resource2[RESOURCE_BITS-2:0];

    memory #(
        .WIDTH(RESOURCE_BITS + 1), .DEPTH(LEARNER_SIZE * ROW_NODES), .ADDRESS(RESOURCE_ADDRESS), .FILE("resource.mem")
    ) resources (
        .clock(clock),
        .write(valid2), .write_address(resource_address2), .write_data({contributes2, resource2}),
        .read_address(running ? resource_address : bus_address), .read_data(stored)
    );

    wire [CODE_BITS-1:0] code3;
    memory #(
        .WIDTH(CODE_BITS), .DEPTH(1 << (RESOURCE_BITS - 1)), .ADDRESS(RESOURCE_BITS - 1), .FILE("weights.mem")
    ) codes (
        .clock(clock),
        .write(1'b0), .write_address({RESOURCE_BITS - 1{1'b0}}), .write_data({CODE_BITS{1'b0}}),
        .read_address(level2), .read_data(code3)
    );

    // Clock 3: the code, and the row that it belongs to.
    wire signed [31:0] weight3 = WEIGHT_BASE + $signed({1'b0, code3}) * WEIGHT_STEP;

    assign code_address = row2;
    assign code_write = valid3;
    assign code_write_address = row3;
    assign code_write_data = code3;
    assign bus_resource = stored;

    initial begin
        running = 1'b0;
        valid1 = 1'b0;
        valid2 = 1'b0;
        valid3 = 1'b0;
    end

    always @(posedge clock) begin
        done <= 1'b0;
        valid1 <= running;
        valid2 <= valid1;
        valid3 <= valid2;
        if (start) begin
            running <= 1'b1;
            node <= 0;
            resource_address <= resource_first;
            row <= row_first;
            added <= 0;
            positive <= 0;
        end else if (running) begin
            node <= node + 1'b1;
            resource_address <= resource_address + 1'b1;
            row <= row + 1'b1;
            if (node == ROW_NODES - 1) running <= 1'b0;
        end
        resource_address1 <= resource_address;
        resource_address2 <= resource_address1;
        row1 <= row;
        row2 <= row1;
        row3 <= row2;
        resource2 <= held1[RESOURCE_BITS-1:0];
        added2 <= held1 - resource1;
        contributes2 <= contributes1 || (contribute && received1);
        if (valid2) added <= added + added2;
        if (valid3 && weight3 > 0) positive <= positive + weight3[POSITIVE_BITS-1:0];
        if (valid3 && !valid2) done <= 1'b1;
    end
endmodule

`default_nettype wire
