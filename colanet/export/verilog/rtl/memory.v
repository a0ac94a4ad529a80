// Random access memories. What is read appears one clock after its address.

`default_nettype none

// One port writes, another reads. Nobody may rely on what is read of a word in the clock in which it is written.
module memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS = 1,
    parameter FILE = ""  // words at the start, hexadecimal
) (
    input wire clock,
    input wire write,
    input wire [ADDRESS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire [ADDRESS-1:0] read_address,
    output reg [WIDTH-1:0] read_data
);
    (* no_rw_check *) reg [WIDTH-1:0] words[0:DEPTH-1];

    generate
        if (FILE != "") begin : filled
            initial $readmemh(FILE, words);
        end
    endgenerate

    always @(posedge clock) begin
        if (write) words[write_address] <= write_data;
        read_data <= words[read_address];
    end
endmodule

// One port that writes or reads: the kind of memory that small devices have much of, often without first contents.
module memory_single #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS = 1,
    parameter FILE = ""
) (
    input wire clock,
    input wire write,
    input wire [ADDRESS-1:0] address,
    input wire [WIDTH-1:0] write_data,
    output reg [WIDTH-1:0] read_data
);
    reg [WIDTH-1:0] words[0:DEPTH-1];

    generate
        if (FILE != "") begin : filled
            initial $readmemh(FILE, words);
        end
    endgenerate

    always @(posedge clock) begin
        if (write) words[address] <= write_data;
        else read_data <= words[address];
    end
endmodule

`default_nettype wire
