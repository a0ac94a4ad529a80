// iCEBreaker (iCE40 UP5K): 12 MHz, serial line of 1,000,000 bits a second on the board's USB plug.

`default_nettype none

module icebreaker (
    input wire clk_12mhz,
    input wire rx,
    output wire tx,
    input wire button_n,     // low: pressed; resets
    output wire led_red_n    // low: lit: an error; only a reset helps
);
    wire error;

    assign led_red_n = !error;

    board #(.DIVIDER(12)) colanet_board (
        .clock(clk_12mhz), .button(!button_n), .rx(rx), .tx(tx), .error(error)
    );
endmodule

`default_nettype wire
