// The spikes of the last steps in the order in which they came: a ring of numbers, and where each step begins in it.

`default_nettype none

module spike_list #(
    parameter WIDTH = 8,       // of a number
    parameter ADDRESS = 4,     // 2^ADDRESS numbers
    parameter SLOT = 2,        // 2^SLOT steps, more than the longest delay
    parameter HEAD = 0,        // numbers at the start
    parameter FILE = "",       // those numbers
    parameter BEGIN_FILE = ""  // where the steps begin at the start
) (
    input wire clock,
    input wire reset,                  // forget the numbers of the step that is not over
    input wire push,
    input wire [WIDTH-1:0] number,
    input wire close,                  // the step is over: the next one begins here
    input wire [SLOT-1:0] next_slot,   // its number, modulo 2^SLOT
    input wire [SLOT-1:0] slot,
    output wire [ADDRESS-1:0] begins,  // where step `slot` begins
    input wire [ADDRESS-1:0] read_address,
    output wire [WIDTH-1:0] read_data
);
    reg [ADDRESS-1:0] head, begun;     // begun: where the present step begins

    initial begin
        head = HEAD[ADDRESS-1:0];
        begun = HEAD[ADDRESS-1:0];
    end

    always @(posedge clock) begin
        if (reset) head <= begun;
        else if (push) head <= head + 1'b1;
        if (close) begun <= head;
    end

    memory #(
        .WIDTH(WIDTH), .DEPTH(1 << ADDRESS), .ADDRESS(ADDRESS), .FILE(FILE)
    ) numbers (
        .clock(clock),
        .write(push), .write_address(head), .write_data(number),
        .read_address(read_address), .read_data(read_data)
    );

    memory #(
        .WIDTH(ADDRESS), .DEPTH(1 << SLOT), .ADDRESS(SLOT), .FILE(BEGIN_FILE)
    ) steps (
        .clock(clock),
        .write(close), .write_address(next_slot), .write_data(head),
        .read_address(slot), .read_data(begins)
    );
endmodule

`default_nettype wire
