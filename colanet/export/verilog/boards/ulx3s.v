// ULX3S (ECP5): 25 MHz, serial line of 1,000,000 bits a second on the board's USB plug.

`default_nettype none

module ulx3s (
    input wire clk_25mhz,
    input wire ftdi_txd,     // the FTDI chip sends
    output wire ftdi_rxd,
    input wire fire1,        // resets
    output wire led,         // an error; only a reset helps
    output wire wifi_gpio0   // high, or the board's other processor takes over
);
    assign wifi_gpio0 = 1'b1;

    board #(.DIVIDER(25)) colanet_board (
        .clock(clk_25mhz), .button(fire1), .rx(ftdi_txd), .tx(ftdi_rxd), .error(led)
    );
endmodule

`default_nettype wire
