// Stands in for the core: every spike of a step comes back as a neuron that fired, the last one first. Two steps are an
// object, whose answer is how many spikes it had, modulo 16. A memory of 256 words lies on the bus.

`default_nettype none

module colanet (
    input wire clock, input wire reset,
    input wire spike_valid, output wire spike_ready, input wire spike_last, input wire [9:0] spike_node,
    output wire fired_valid, input wire fired_ready, output wire fired_last, output wire [8:0] fired_neuron,
    output wire answer_valid, input wire answer_ready, output wire answer_none, output wire [3:0] answer_class,
    input wire bus_valid, output wire bus_ready, input wire bus_write, input wire [27:0] bus_address,
    input wire [31:0] bus_write_data, output wire [31:0] bus_read_data
);
    localparam TAKE = 2'd0, FIRE = 2'd1, ANSWER = 2'd2;

    reg [8:0] nodes[0:511];
    reg [31:0] words[0:255];
    reg [9:0] held;
    reg [15:0] spikes;
    reg [1:0] state;
    reg second;
    reg [8:0] slow;                 // takes a spike every 512th clock: slower than the line

    assign spike_ready = state == TAKE && slow == 9'd0 && !bus_valid;
    assign fired_valid = state == FIRE;
    assign fired_last = held == 10'd0;
    assign fired_neuron = fired_last ? 9'h1ff : nodes[held - 10'd1];
    assign answer_valid = state == ANSWER;
    assign answer_none = spikes == 16'd0;
    assign answer_class = spikes[3:0];
    assign bus_ready = bus_valid && state == TAKE && slow[5:0] == 6'd3;
    assign bus_read_data = words[bus_address[7:0]];

    always @(posedge clock) begin
        slow <= reset ? 9'd1 : slow + 1'b1;
        if (bus_ready && bus_write) words[bus_address[7:0]] <= bus_write_data;
        if (reset) begin
            state <= TAKE;
            held <= 10'd0;
            spikes <= 16'd0;
            second <= 1'b0;
        end else if (spike_valid && spike_ready) begin
            if (spike_node != 10'h3ff) begin
                nodes[held[8:0]] <= spike_node[8:0];
                held <= held + 1'b1;
                spikes <= spikes + 1'b1;
            end
            if (spike_last) state <= FIRE;
        end else if (fired_valid && fired_ready) begin
            if (!fired_last) held <= held - 1'b1;
            else begin
                second <= !second;
                state <= second ? ANSWER : TAKE;
            end
        end else if (answer_valid && answer_ready) begin
            state <= TAKE;
            spikes <= 16'd0;
        end
    end
endmodule

`default_nettype wire
