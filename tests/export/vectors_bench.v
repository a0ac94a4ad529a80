// A bench that knows nothing of the simulator: it reads golden vectors with $readmemh, computes one population from
// input spikes, codes of weights and kicks, and compares spikes and potentials of every step.
//
// The population has one plastic projection from an input, all to all with delay 1, and one of fixed weight from the
// population that teaches, one neuron a column with delay 1. It has winner-take-all and zeroes what fires.
// Words are read at the width of the manifest; a memory of another length is noticed as unknown bits.

`timescale 1ns / 1ps

module bench;
  parameter INPUTS = 1, N = 1, COLUMN = 1, STEPS = 1, FIRST = 0;  // sizes; neurons of a column; first step
  parameter CODE = 16, WORD = 32;                                 // bits of a weight's code and of a potential
  parameter W_MIN = 0, W_STEP = 1, U_STEP = 1, U_LIMIT = 1;       // 1/1000
  parameter TEACH = 0, LEAK = 1024, PERIOD = 1, PHASE = 0;        // fixed weight; leak; reset of the potential

  reg [INPUTS-1:0] in_spikes[0:STEPS-1];
  reg [N/COLUMN-1:0] teacher[0:STEPS-1];
  reg [CODE-1:0] code[0:INPUTS*N-1];
  reg signed [63:0] threshold[0:N-1];
  reg signed [31:0] gate[0:STEPS*N-1], kick[0:STEPS*N-1];
  reg signed [WORD-1:0] before[0:N-1], want[0:STEPS*N-1];
  reg [N-1:0] want_spikes[0:STEPS-1];

  integer t, i, j, best, wrong, fired;
  reg signed [63:0] u[0:N-1], current[0:N-1], excess, top;
  reg [N-1:0] spikes;

  initial begin
    $readmemh("R.spikes.mem", in_spikes);
    $readmemh("BIASGATE.spikes.mem", teacher);
    $readmemh("R_L.code.before.mem", code);
    $readmemh("L.threshold.before.mem", threshold);
    $readmemh("L.gate.mem", gate);
    $readmemh("L.kick.mem", kick);
    $readmemh("L.potential.before.mem", before);
    $readmemh("L.potential.mem", want);
    $readmemh("L.spikes.mem", want_spikes);
    wrong = 0;
    fired = 0;
    for (i = 0; i < N; i = i + 1) u[i] = before[i] * U_STEP;
    for (t = 0; t < STEPS; t = t + 1) begin
      for (i = 0; i < N; i = i + 1) current[i] = 0;
      if (t > 0) begin  // nothing was under way before the first step
        for (j = 0; j < INPUTS; j = j + 1)
          if (in_spikes[t-1][j])
            for (i = 0; i < N; i = i + 1) current[i] = current[i] + W_MIN + W_STEP * $signed({1'b0, code[j*N+i]});
        for (i = 0; i < N; i = i + 1)
          if (teacher[t-1][i/COLUMN]) current[i] = current[i] + TEACH;
      end
      spikes = 0;
      for (i = 0; i < N; i = i + 1) begin
        u[i] = u[i] < 0 ? -((-u[i] * LEAK) / 1024) : (u[i] * LEAK) / 1024;
        u[i] = u[i] + kick[t*N+i];
        if (gate[t*N+i] > 0) u[i] = u[i] + current[i];
        if (u[i] > U_LIMIT) u[i] = U_LIMIT;
        if (u[i] < -U_LIMIT) u[i] = -U_LIMIT;
        u[i] = (u[i] / U_STEP) * U_STEP;  // Verilog cuts towards zero
        if ((FIRST + t) % PERIOD == PHASE) u[i] = 0;
      end
      for (j = 0; j < N; j = j + COLUMN) begin
        best = -1;
        top = 0;
        for (i = j; i < j + COLUMN; i = i + 1) begin
          excess = u[i] - threshold[i];
          if (gate[t*N+i] > 0 && excess > top) begin
            best = i;
            top = excess;
          end
        end
        if (best >= 0) begin
          spikes[best] = 1;
          u[best] = 0;
          fired = fired + 1;
        end
      end
      if (spikes !== want_spikes[t]) wrong = wrong + 1;
      for (i = 0; i < N; i = i + 1) if (u[i] !== want[t*N+i] * U_STEP) wrong = wrong + 1;
    end
    $display("steps %0d spikes %0d wrong %0d", STEPS, fired, wrong);
    $finish;
  end
endmodule
