// Products and quotients of what is seldom needed, bit by bit: no multiplier blocks.

`default_nettype none

// product = a * b, BITS clocks after start.
module multiply #(
    parameter BITS = 32
) (
    input wire clock,
    input wire start,
    input wire [BITS-1:0] a,
    input wire [BITS-1:0] b,
    output reg done,  // for one clock, and the product stays
    output wire [2*BITS-1:0] product
);
    localparam COUNT = $clog2(BITS + 1);

    reg [BITS-1:0] factor, high, low;  // low: bits of b that are left, above them bits of the product
    reg [COUNT-1:0] left;
    wire [BITS:0] sum = {1'b0, high} + (low[0] ? {1'b0, factor} : {BITS + 1{1'b0}});

    assign product = {high, low};

    initial left = 0;

    always @(posedge clock) begin
        done <= 1'b0;
        if (start) begin
            factor <= a;
            high <= 0;
            low <= b;
            left <= BITS[COUNT-1:0];
        end else if (left != 0) begin
            {high, low} <= {sum, low[BITS-1:1]};
            left <= left - 1'b1;
            done <= left == 1;
        end
    end
endmodule

// quotient = dividend / DIVISOR, BITS clocks after start.
module divide #(
    parameter BITS = 32,
    parameter DIVISOR = 1
) (
    input wire clock,
    input wire start,
    input wire [BITS-1:0] dividend,
    output reg done,
    output reg [BITS-1:0] quotient
);
    localparam COUNT = $clog2(BITS + 1);
    localparam [BITS:0] BY = DIVISOR;

    reg [BITS-1:0] rest;
    reg [COUNT-1:0] left;
    wire [BITS:0] shifted = {rest, quotient[BITS-1]};  // quotient holds what is left of the dividend
    wire fits = shifted >= BY;
    wire [BITS:0] next = fits ? shifted - BY : shifted;

    initial left = 0;

    always @(posedge clock) begin
        done <= 1'b0;
        if (start) begin
            rest <= 0;
            quotient <= dividend;
            left <= BITS[COUNT-1:0];
        end else if (left != 0) begin
            rest <= next[BITS-1:0];
            quotient <= {quotient[BITS-2:0], fits};
            left <= left - 1'b1;
            done <= left == 1;
        end
    end
endmodule

`default_nettype wire
