// Weights, and what arrives over them: a spike of an input node adds one row, LANES codes, to LANES sums at once.
//
// The learning population is cut into GROUPS of LANES neurons. A row holds the codes of one node and one group; rows
// lie group by group. A weight is WEIGHT_BASE + WEIGHT_STEP * code, so sums of codes are enough.

`default_nettype none

module rows (
    clock, add, add_address, shift, sum, read_address, lane, read_code, write, write_address, write_code
);
    `include "network.vh"

    input wire clock;
    input wire add;                            // add the row at add_address
    input wire [ROW_ADDRESS-1:0] add_address;
    input wire shift;                          // drop the sum of lane 0; the others move down, 0 moves in
    output wire [SUM_BITS-1:0] sum;            // of lane 0
    // One code: read its row, and one clock later it is there and may be exchanged.
    input wire [ROW_ADDRESS-1:0] read_address;
    input wire [LANE_BITS-1:0] lane;
    output wire [CODE_BITS-1:0] read_code;
    input wire write;
    input wire [ROW_ADDRESS-1:0] write_address;
    input wire [CODE_BITS-1:0] write_code;

    localparam ROW = LANES * CODE_BITS;

    wire [ROW-1:0] row;
    wire [ROW-1:0] changed;
    reg [LANES*SUM_BITS-1:0] sums;
    reg adding;

    generate
        if (LEARN) begin : learning
            memory #(
                .WIDTH(ROW), .DEPTH(GROUPS * ROW_NODES), .ADDRESS(ROW_ADDRESS), .FILE(CODE_FILE)
            ) codes (
                .clock(clock),
                .write(write), .write_address(write_address), .write_data(changed),
                .read_address(add ? add_address : read_address), .read_data(row)
            );
        end else begin : fixed
            memory_single #(
                .WIDTH(ROW), .DEPTH(GROUPS * ROW_NODES), .ADDRESS(ROW_ADDRESS), .FILE(CODE_FILE)
            ) codes (
                .clock(clock),
                .write(write), .address(write ? write_address : add ? add_address : read_address),
                .write_data(changed), .read_data(row)
            );
        end
    endgenerate

    genvar i;
    generate
        for (i = 0; i < LANES; i = i + 1) begin : lanes
            localparam [LANE_BITS-1:0] OWN = i;
            wire [SUM_BITS-1:0] own = sums[i*SUM_BITS+:SUM_BITS];
            wire [SUM_BITS-1:0] above;

            if (i + 1 < LANES) begin : inner
                assign above = sums[(i+1)*SUM_BITS+:SUM_BITS];
            end else begin : last
                assign above = {SUM_BITS{1'b0}};
            end

            always @(posedge clock) begin
                if (adding) sums[i*SUM_BITS+:SUM_BITS] <= own + row[i*CODE_BITS+:CODE_BITS];
                else if (shift) sums[i*SUM_BITS+:SUM_BITS] <= above;
            end

            assign changed[i*CODE_BITS+:CODE_BITS] = lane == OWN ? write_code : row[i*CODE_BITS+:CODE_BITS];
        end
    endgenerate

    initial begin
        sums = 0;
        adding = 1'b0;
    end

    always @(posedge clock) adding <= add;

    assign sum = sums[SUM_BITS-1:0];
    assign read_code = row[lane*CODE_BITS+:CODE_BITS];
endmodule

`default_nettype wire
