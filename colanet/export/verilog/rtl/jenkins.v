// The hash jenkins32 (docs/model.md, section 16): one value a clock, each after six clocks.

`default_nettype none

module jenkins (
    input wire clock,
    input wire [31:0] value,
    output reg [31:0] hash
);
    reg [31:0] a, b, c, d, e;

    always @(posedge clock) begin
        a <= (value + 32'h7ED55D16) + (value << 12);
        b <= (a ^ 32'hC761C23C) ^ (a >> 19);
        c <= (b + 32'h165667B1) + (b << 5);
        d <= (c + 32'hD3A2646C) ^ (c << 9);
        e <= (d + 32'hFD7046C5) + (d << 3);
        hash <= (e ^ 32'hB55A4F09) ^ (e >> 16);
    end
endmodule

`default_nettype wire
