// The board on a serial line whose bytes come and go through standard input and output: wHH sends a byte, r waits for
// one and prints it, b is a break.

`default_nettype none

module bench;
    parameter DIVIDER = 8;

    reg clock = 1'b0;
    reg rx = 1'b1;
    wire tx, error;
    reg [7:0] heard[0:65535];
    reg [7:0] byte_in;
    reg [15:0] head = 16'd0, tail = 16'd0;
    integer letter, data, got, k, waited;

    always #1 clock = !clock;

    board #(.DIVIDER(DIVIDER)) dut (.clock(clock), .button(1'b0), .rx(rx), .tx(tx), .error(error));

    always @(negedge tx) if (!dut.reset) begin : listen
        repeat (DIVIDER / 2) @(posedge clock);
        repeat (8) begin
            repeat (DIVIDER) @(posedge clock);
            byte_in = {tx, byte_in[7:1]};
        end
        repeat (DIVIDER) @(posedge clock);
        if (!tx) $display("no stop bit");
        heard[tail] = byte_in;
        tail = tail + 16'd1;
    end

    task send(input [9:0] bits);  // the lowest first
        for (k = 0; k < 10; k = k + 1) begin
            rx = bits[k];
            repeat (DIVIDER) @(posedge clock);
        end
    endtask

    initial begin
        letter = 0;
        while (letter != -1) begin
            letter = $fgetc(32'h8000_0000);
            if (letter == "w") begin
                got = $fscanf(32'h8000_0000, "%x", data);
                send({1'b1, data[7:0], 1'b0});
            end else if (letter == "r") begin
                waited = 0;
                while (head == tail && waited < 200000) begin
                    @(posedge clock);
                    waited = waited + 1;
                end
                if (head == tail) $display("silence");
                else begin
                    $display("%02x", heard[head]);
                    head = head + 16'd1;
                end
                $fflush;
            end else if (letter == "b") begin
                rx = 1'b0;
                repeat (40 * DIVIDER) @(posedge clock);
                rx = 1'b1;
                repeat (4 * DIVIDER) @(posedge clock);
            end
        end
        $finish;
    end
endmodule

`default_nettype wire
