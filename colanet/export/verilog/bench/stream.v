// Plays a program of 32-bit words (colanet/export/verilog/programs.py) to the core, for Icarus Verilog and its like.
//
// Reads the file `program` (big-endian words). Writes the files `answers`, `fired`, `words` and `marks`: a decimal
// number, or three, a line. Parameters: widths of the core's ports, and a seed of random stalls at all of them (0: none).
`timescale 1ns / 1ps
`default_nettype none

module stream;
  parameter NODE_BITS = 1;
  parameter NEURON_BITS = 1;
  parameter CLASS_BITS = 1;
  parameter SEED = 0;
  parameter RESETS = 0;  // 1: now and then a reset within a step, whose beats are lost
  parameter TIMEOUT = 10000000;  // cycles without a beat after which the core counts as stuck

  // Words of a program that are no spikes.
  localparam [31:0] STEP = 32'hFFFFFFFF, READ = 32'hFFFFFFFE, WRITE = 32'hFFFFFFFD, RECORD = 32'hFFFFFFFC;
  localparam [31:0] MARK = 32'hFFFFFFFB, FIRST_COMMAND = 32'hFFFFFF00;
  localparam QUIET = 300;  // cycles without a beat after which nothing more is expected

  reg clock = 0, reset = 1;
  always #5 clock = !clock;

  reg spike_valid = 0, spike_last = 0;
  reg [NODE_BITS-1:0] spike_node = 0;
  wire spike_ready;
  wire fired_valid, fired_last, answer_valid, answer_none, bus_ready;
  wire [NEURON_BITS-1:0] fired_neuron;
  wire [CLASS_BITS-1:0] answer_class;
  wire [31:0] bus_read_data;
  reg fired_ready = 0, answer_ready = 0, bus_valid = 0, bus_write = 0;
  reg [27:0] bus_address = 0;
  reg [31:0] bus_write_data = 0;

  colanet core (
      .clock(clock), .reset(reset),
      .spike_valid(spike_valid), .spike_ready(spike_ready), .spike_last(spike_last), .spike_node(spike_node),
      .fired_valid(fired_valid), .fired_ready(fired_ready), .fired_last(fired_last), .fired_neuron(fired_neuron),
      .answer_valid(answer_valid), .answer_ready(answer_ready), .answer_none(answer_none),
      .answer_class(answer_class),
      .bus_valid(bus_valid), .bus_ready(bus_ready), .bus_write(bus_write), .bus_address(bus_address),
      .bus_write_data(bus_write_data), .bus_read_data(bus_read_data)
  );

  integer program_file, answers_file, fired_file, words_file, marks_file;
  integer seed = SEED, got, left, recording = 0;
  integer closed = 0, ended = 0;  // steps that were closed at the input, and at the output
  integer quiet = 0;              // cycles since the last beat
  reg [63:0] cycles = 0, spikes = 0, fired = 0;
  reg [31:0] word, data, pending;
  reg is_pending = 0;

  // Inputs change at falling edges. At rising edges all is settled.
  function stalled(input integer often);
    stalled = SEED != 0 && $random(seed) % often == 0;
  endfunction

  always @(negedge clock) begin
    fired_ready = !stalled(3);
    answer_ready = !stalled(3);
  end

  reg fired_held = 0, answer_held = 0, fired_last_held = 0, answer_none_held = 0;
  reg [NEURON_BITS-1:0] fired_neuron_held;
  reg [CLASS_BITS-1:0] answer_class_held;

  always @(posedge clock) if (reset) begin
    fired_held = 0;
    answer_held = 0;
  end else begin
    cycles = cycles + 1;
    quiet = quiet + 1;
    if (quiet > TIMEOUT) stop("stuck: no beat for a long time");
    if (fired_held && (!fired_valid || fired_last !== fired_last_held || fired_neuron !== fired_neuron_held))
      stop("the port fired changed while it waited");
    if (answer_held
        && (!answer_valid || answer_none !== answer_none_held || (!answer_none && answer_class !== answer_class_held)))
      stop("the port answer changed while it waited");
    if (spike_ready === 1'bx || fired_valid === 1'bx || answer_valid === 1'bx || bus_ready === 1'bx)
      stop("a port is undefined");
    if (fired_valid && fired_ready) begin
      quiet = 0;
      if (recording) $fwrite(fired_file, "%0d\n", fired_last ? STEP : fired_neuron);
      if (fired_last) ended = ended + 1;
      else fired = fired + 1;
      if (fired_last && fired_neuron !== {NEURON_BITS{1'b1}}) stop("the closing beat of fired names a neuron");
    end
    if (answer_valid && answer_ready) begin
      quiet = 0;
      $fwrite(answers_file, "%0d\n", answer_none ? STEP : answer_class);
    end
    fired_held = fired_valid && !fired_ready;
    fired_last_held = fired_last;
    fired_neuron_held = fired_neuron;
    answer_held = answer_valid && !answer_ready;
    answer_none_held = answer_none;
    answer_class_held = answer_class;
  end

  task stop(input [8*48-1:0] why);
    begin
      $display("error: %0s (cycle %0d, step %0d)", why, cycles, ended);
      $finish;
      #100000;  // $finish ends with the time step; nothing else may be done until then
    end
  endtask

  task send(input [31:0] node, input last);
    begin
      @(negedge clock);
      while (stalled(4)) @(negedge clock);
      spike_valid = 1;
      spike_last = last;
      spike_node = node >= {32'd1 << (NODE_BITS - 1), 1'b0} ? {NODE_BITS{1'b1}} : node;
      @(posedge clock);
      while (!spike_ready) @(posedge clock);
      quiet = 0;
      #1 spike_valid = 0;
      spike_last = $random(seed);
      spike_node = $random(seed);
    end
  endtask

  task settle;  // all steps that were closed are done
    while (ended != closed) @(posedge clock) #1;
  endtask

  task bus(input write, input [27:0] address, input [31:0] value);
    begin
      @(negedge clock);
      while (stalled(4)) @(negedge clock);
      bus_valid = 1;
      bus_write = write;
      bus_address = address;
      bus_write_data = value;
      @(posedge clock);
      while (!bus_ready) @(posedge clock);
      quiet = 0;
      if (!write) $fwrite(words_file, "%0d\n", bus_read_data);
      #1 bus_valid = 0;
    end
  endtask

  task next(output [31:0] value);
    begin
      got = $fread(value, program_file);
      if (got != 4) stop("the program ends within a command");
    end
  endtask

  initial begin
    program_file = $fopen("program", "rb");
    answers_file = $fopen("answers", "w");
    fired_file = $fopen("fired", "w");
    words_file = $fopen("words", "w");
    marks_file = $fopen("marks", "w");
    repeat (4) @(negedge clock);
    reset = 0;
    got = $fread(word, program_file);
    while (got == 4) begin
      if (word < FIRST_COMMAND) begin
        if (is_pending) send(pending, 0);
        pending = word;
        is_pending = 1;
        spikes = spikes + 1;
      end else if (word == STEP) begin
        if (is_pending && !stalled(3)) send(pending, 1);
        else begin
          if (is_pending) send(pending, 0);
          send(32'hFFFFFFFF, 1);
        end
        is_pending = 0;
        closed = closed + 1;
        if (RESETS != 0 && $random(seed) % 4 == 0) begin
          left = $random(seed) & 255;
          repeat (left) @(negedge clock);
          reset = 1;
          @(negedge clock) reset = 0;
          while (!spike_ready) @(negedge clock);
          ended = closed;
        end
      end else begin
        settle;
        case (word)
          READ: begin
            next(data);
            next(word);
            for (left = word; left > 0; left = left - 1) begin
              bus(0, data[27:0], 0);
              data = data + 1;
            end
          end
          WRITE: begin
            next(data);
            next(word);
            bus(1, data[27:0], word);
          end
          RECORD: begin
            next(word);
            recording = word != 0;
          end
          MARK: $fwrite(marks_file, "%0d %0d %0d\n", cycles, spikes, fired);
          default: stop("unknown command in the program");
        endcase
      end
      got = $fread(word, program_file);
    end
    settle;
    quiet = 0;
    while (quiet < QUIET) @(posedge clock) #1;
    $display("played: %0d cycles", cycles);
    $finish;
  end
endmodule

`default_nettype wire
