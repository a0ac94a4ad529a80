// The readout (docs/model.md, section 15): the class whose neurons fired most in an object, the lowest on a tie.

`default_nettype none

module answer (
    clock, vote, vote_class, advance, due, start, done, answer_valid, answer_ready, answer_none, answer_class
);
    `include "network.vh"

    input wire clock;
    input wire vote;
    input wire [CLASS_BITS-1:0] vote_class;
    input wire advance;                           // the step is over
    output wire due;                              // it is the last one of an object
    input wire start;
    output reg done;
    output reg answer_valid;
    input wire answer_ready;
    output reg answer_none;
    output reg [CLASS_BITS-1:0] answer_class;

    localparam [31:0] FIRST = FIRST_STEP % (PERIOD == 0 ? 1 : PERIOD);
    localparam IDLE = 2'd0, COUNT = 2'd1, SEND = 2'd2;

    reg [31:0] step;                              // of the object
    reg [VOTE_BITS-1:0] votes[0:CLASSES-1];
    reg [1:0] state;
    reg [CLASS_BITS-1:0] looking, best;
    reg [VOTE_BITS-1:0] most;
    integer c;

    assign due = PERIOD != 0 && step == PERIOD - 1;

    initial begin
        step = FIRST;
        state = IDLE;
        answer_valid = 1'b0;
        for (c = 0; c < CLASSES; c = c + 1) votes[c] = 0;
    end

    always @(posedge clock) begin
        done <= 1'b0;
        if (answer_ready) answer_valid <= 1'b0;
        if (advance) step <= due ? 0 : step + 1;
        if (vote) votes[vote_class] <= votes[vote_class] + 1'b1;
        case (state)
            IDLE:
            if (start) begin
                looking <= 0;
                best <= 0;
                most <= 0;
                state <= COUNT;
            end
            COUNT: begin
                if (votes[looking] > most) begin
                    most <= votes[looking];
                    best <= looking;
                end
                votes[looking] <= 0;
                looking <= looking + 1'b1;
                if (looking == CLASSES - 1) state <= SEND;
            end
            SEND:
            if (!answer_valid || answer_ready) begin
                answer_valid <= 1'b1;
                answer_none <= most == 0;
                answer_class <= best;
                done <= 1'b1;
                state <= IDLE;
            end
            default: state <= IDLE;
        endcase
    end
endmodule

`default_nettype wire
