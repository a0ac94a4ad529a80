"""How fast colanet is and how much memory it takes, beside other simulators and beside another version of itself.

    python -m experiments.benchmarks recurrent     # colanet, Brian2 and NEST on the same synapses and spikes
    python -m experiments.benchmarks dense         # a fixed all-to-all projection beside the same one plastic
    python -m experiments.benchmarks scale         # time and memory against the size of a network and of its data
    python -m experiments.benchmarks trials        # what a trial of a search costs, and a plan for very many
    python -m experiments.benchmarks speed BASE    # this checkout beside another one

What is measured runs in a process of its own: a script in `jobs`. Results go to experiments/results/benchmarks.
"""
