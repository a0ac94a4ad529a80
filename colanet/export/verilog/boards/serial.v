// A serial line (8 data bits, no parity, 1 stop bit) to the ports of `colanet`.
//
// To the board (numbers of several bytes: lowest byte first):
//   00                                      nothing
//   01 COUNT:2 NODE:2 ...                   one step with COUNT spikes
//   02 SIZE:1 COUNT:2 ADDRESS:4             read COUNT words from a bus address on; each comes as SIZE bytes (1 to 4)
//   03 SIZE:1 COUNT:2 ADDRESS:4 WORD ...    write COUNT words of SIZE bytes, the highest of which has the sign
// From the board:
//   00                                      2^CREDIT_BITS more bytes of the buffer are free
//   01 NEURON:2                             a neuron has fired
//   02                                      the step is over
//   03 CLASS:2                              the answer
//   04                                      no answer: nobody fired
//   05 WORD                                 what was read
//   06 REASON:1                             an error; only a reset helps. 1: the buffer overflowed, 2: unknown bytes
//   07 VERSION:1 BUFFER_BITS:1 CREDIT_BITS:1    after a reset; the buffer is empty
//
// Who sends may have 2^BUFFER_BITS bytes under way and gets room back by the bytes 00. A break (the line low for 16 bits
// or more) resets the bridge, and the core to the beginning of a step.

`default_nettype none

module serial #(
    parameter DIVIDER = 104,        // clocks a bit
    parameter NODE_BITS = 10,       // at most 16, like the next two
    parameter NEURON_BITS = 8,
    parameter CLASS_BITS = 4,
    parameter BUFFER_BITS = 9,
    parameter CREDIT_BITS = 6,
    parameter START_BITS = 10       // 2^START_BITS clocks of reset at power-on: first memory contents need some time
) (
    input wire clock,
    input wire button,              // resets, like a break
    input wire rx,
    output wire tx,
    output reg reset,
    output wire error,

    output wire spike_valid, input wire spike_ready, output wire spike_last, output wire [NODE_BITS-1:0] spike_node,
    input wire fired_valid, output wire fired_ready, input wire fired_last, input wire [NEURON_BITS-1:0] fired_neuron,
    input wire answer_valid, output wire answer_ready, input wire answer_none, input wire [CLASS_BITS-1:0] answer_class,
    output wire bus_valid, input wire bus_ready, output wire bus_write, output wire [27:0] bus_address,
    output wire [31:0] bus_write_data, input wire [31:0] bus_read_data
);
    localparam [7:0] VERSION = 8'd1;
    localparam [7:0] BUFFER_SIZE = BUFFER_BITS, CREDIT_SIZE = CREDIT_BITS;
    localparam [19:0] BIT = DIVIDER - 1, HALF = DIVIDER / 2, BREAK = 16 * DIVIDER;

    // -------------------------------------------------------------------- reset

    reg [2:0] line, pressed;
    reg [19:0] low;                 // how long the line has been low
    reg [START_BITS-1:0] started;

    initial begin
        line = 3'b111;
        pressed = 3'b000;
        low = 20'd0;
        started = {START_BITS{1'b0}};
        reset = 1'b1;
    end

    always @(posedge clock) begin
        line <= {line[1:0], rx};
        pressed <= {pressed[1:0], button};
        if (line[2]) low <= 20'd0;
        else if (low != BREAK) low <= low + 1'b1;
        if (!(&started)) started <= started + 1'b1;
        reset <= !(&started) || low == BREAK || pressed[2];
    end

    // ----------------------------------------------------------------- receiver

    reg hearing, heard, quiet;      // quiet: after a broken byte, until the line is high
    reg [19:0] hear_wait;
    reg [3:0] hear_bits;
    reg [7:0] hear_byte;

    always @(posedge clock) begin
        heard <= 1'b0;
        if (reset) begin
            hearing <= 1'b0;
            quiet <= 1'b1;
        end else if (quiet) begin
            quiet <= !line[2];
        end else if (!hearing) begin
            hearing <= !line[2];
            hear_wait <= HALF;
            hear_bits <= 4'd0;
        end else if (hear_wait != 20'd0) begin
            hear_wait <= hear_wait - 1'b1;
        end else begin
            hear_wait <= BIT;
            hear_bits <= hear_bits + 1'b1;
            if (hear_bits == 4'd0) begin
                hearing <= !line[2];          // a glitch is no start
            end else if (hear_bits == 4'd9) begin
                hearing <= 1'b0;
                heard <= line[2];
                quiet <= !line[2];
            end else begin
                hear_byte <= {line[2], hear_byte[7:1]};
            end
        end
    end

    // ------------------------------------------------------------------- buffer

    (* no_rw_check *) reg [7:0] buffer[0:(1<<BUFFER_BITS)-1];
    reg [BUFFER_BITS:0] written, read;
    reg [7:0] next;
    reg loaded;
    wire take;
    wire full = written == {!read[BUFFER_BITS], read[BUFFER_BITS-1:0]};
    reg [CREDIT_BITS-1:0] taken;
    reg [BUFFER_BITS-CREDIT_BITS:0] credits;
    wire credit = take && (&taken);
    wire send_credit;
    reg overflowed;

    always @(posedge clock) begin
        if (heard) buffer[written[BUFFER_BITS-1:0]] <= hear_byte;
        next <= buffer[read[BUFFER_BITS-1:0]];
    end

    always @(posedge clock) begin
        if (reset) begin
            written <= 0;
            read <= 0;
            loaded <= 1'b0;
            taken <= 0;
            credits <= 0;
            overflowed <= 1'b0;
        end else begin
            if (heard && !full) written <= written + 1'b1;
            if (heard && full) overflowed <= 1'b1;
            loaded <= written != read && !take;
            if (take) begin
                read <= read + 1'b1;
                taken <= taken + 1'b1;
            end
            if (credit && !send_credit) credits <= credits + 1'b1;
            if (!credit && send_credit) credits <= credits - 1'b1;
        end
    end

    // ----------------------------------------------------------------- commands

    localparam [2:0] COMMAND = 3'd0, HEADER = 3'd1, BEGIN = 3'd2, COLLECT = 3'd3, ACT = 3'd4, REPLY = 3'd5,
        FAILED = 3'd6;
    localparam [1:0] STEP = 2'd1, READ = 2'd2, WRITE = 2'd3;

    reg [2:0] state;
    reg [1:0] command;
    reg [2:0] need;                 // bytes that are still to come
    reg [2:0] size;
    reg [15:0] count;
    reg [31:0] address;
    reg [31:0] value;               // the last four bytes
    reg [31:0] word;
    wire send_reply;
    wire spiking = command == STEP;
    wire done = spiking ? spike_ready : bus_ready;

    assign take = loaded && (state == COMMAND || state == HEADER || state == COLLECT);
    assign spike_valid = state == ACT && spiking;
    assign spike_last = count <= 16'd1;
    assign spike_node = count == 16'd0 ? {NODE_BITS{1'b1}} : value[16+:NODE_BITS];
    assign bus_valid = state == ACT && !spiking;
    assign bus_write = command == WRITE;
    assign bus_address = address[27:0];
    assign bus_write_data =
        size == 3'd1 ? {{24{value[31]}}, value[31:24]} :
        size == 3'd2 ? {{16{value[31]}}, value[31:16]} :
        size == 3'd3 ? {{8{value[31]}}, value[31:8]} : value;

    always @(posedge clock) begin
        if (take) value <= {next, value[31:8]};
        if (reset) begin
            state <= COMMAND;
        end else if (overflowed) begin
            state <= FAILED;
        end else begin
            case (state)
                COMMAND: if (take) begin
                    command <= next[1:0];
                    need <= next == 8'd1 ? 3'd2 : 3'd7;
                    if (next > 8'd3) state <= FAILED;
                    else if (next != 8'd0) state <= HEADER;
                end
                HEADER: if (take) begin
                    need <= need - 1'b1;
                    if (spiking) size <= 3'd2;
                    else if (need == 3'd7) size <= |next[7:3] ? 3'd0 : next[2:0];
                    if (spiking || need >= 3'd5) count <= {next, count[15:8]};
                    address <= {next, address[31:8]};
                    if (need == 3'd1) state <= BEGIN;
                end
                BEGIN: begin
                    need <= size;
                    if (size == 3'd0 || size > 3'd4) state <= FAILED;
                    else if (count == 16'd0) state <= spiking ? ACT : COMMAND;
                    else state <= command == READ ? ACT : COLLECT;
                end
                COLLECT: if (take) begin
                    need <= need - 1'b1;
                    if (need == 3'd1) state <= ACT;
                end
                ACT: if (done) begin
                    word <= bus_read_data;
                    need <= size;
                    address <= address + 1'b1;
                    count <= count - 1'b1;
                    if (command == READ) state <= REPLY;
                    else state <= count <= 16'd1 ? COMMAND : COLLECT;
                end
                REPLY: if (send_reply) state <= count == 16'd0 ? COMMAND : ACT;
                default: state <= FAILED;
            endcase
        end
    end

    // ----------------------------------------------------------------- messages

    reg [39:0] message;
    reg [2:0] left;                 // bytes of the message
    reg greet, complain;
    wire [15:0] neuron = fired_neuron;
    wire [15:0] chosen = answer_class;
    wire idle = left == 3'd0;
    wire send_error = idle && !greet && complain;
    assign send_credit = idle && !greet && !complain && credits != 0;
    assign send_reply = idle && !greet && !complain && credits == 0 && state == REPLY;
    assign fired_ready = idle && !greet && !complain && credits == 0 && state != REPLY;
    assign answer_ready = fired_ready && !fired_valid;
    assign error = state == FAILED;

    reg telling;                    // the transmitter is busy
    wire send = !idle && !telling;
    reg was_failed;

    always @(posedge clock) begin
        was_failed <= error && !reset;
        if (reset) begin
            left <= 3'd0;
            greet <= 1'b1;
            complain <= 1'b0;
        end else begin
            if (error && !was_failed) complain <= 1'b1;
            if (send) begin
                message <= {8'd0, message[39:8]};
                left <= left - 1'b1;
            end else if (idle && greet) begin
                greet <= 1'b0;
                message <= {8'd0, CREDIT_SIZE, BUFFER_SIZE, VERSION, 8'd7};
                left <= 3'd4;
            end else if (send_error) begin
                complain <= 1'b0;
                message <= {24'd0, overflowed ? 8'd1 : 8'd2, 8'd6};
                left <= 3'd2;
            end else if (send_credit) begin
                message <= 40'd0;
                left <= 3'd1;
            end else if (send_reply) begin
                message <= {word, 8'd5};
                left <= size + 1'b1;
            end else if (fired_ready && fired_valid) begin
                message <= {16'd0, neuron, fired_last ? 8'd2 : 8'd1};
                left <= fired_last ? 3'd1 : 3'd3;
            end else if (answer_ready && answer_valid) begin
                message <= {16'd0, chosen, answer_none ? 8'd4 : 8'd3};
                left <= answer_none ? 3'd1 : 3'd3;
            end
        end
    end

    // -------------------------------------------------------------- transmitter

    reg [19:0] tell_wait;
    reg [3:0] tell_bits;
    reg [8:0] tell_shift;           // the bit on the line first

    initial begin
        telling = 1'b0;
        tell_shift = 9'h1ff;
    end
    assign tx = tell_shift[0];

    always @(posedge clock) begin
        if (reset) begin
            telling <= 1'b0;
            tell_shift <= 9'h1ff;
        end else if (send) begin
            telling <= 1'b1;
            tell_shift <= {message[7:0], 1'b0};
            tell_wait <= BIT;
            tell_bits <= 4'd9;
        end else if (telling) begin
            if (tell_wait != 20'd0) begin
                tell_wait <= tell_wait - 1'b1;
            end else begin
                tell_wait <= BIT;
                tell_bits <= tell_bits - 1'b1;
                tell_shift <= {1'b1, tell_shift[8:1]};
                if (tell_bits == 4'd0) telling <= 1'b0;
            end
        end
    end
endmodule

`default_nettype wire
