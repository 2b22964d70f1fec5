"""`elbowroom solve PROBLEM.toml`: the optimum in function space, numerically."""

import argparse

from elbowroom.cli.output import complain, print_json
from elbowroom.errors import InputError

STATUS = {"converged": 0, "not-converged": 3, "infeasible": 3, "unbounded": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The problem file, and where a picture goes."""
    parser.add_argument("problem", metavar="PROBLEM.toml", help="a problem file")
    parser.add_argument("--plot", metavar="FILE.png", help="write a picture of the optimum, in one or two dimensions")


def run(arguments: argparse.Namespace) -> int:
    """Print the solution; the exit status is 3 where none was found."""
    if not arguments.problem.endswith(".toml"):
        raise InputError(
            f"{arguments.problem} is not a problem file. solve needs numbers, so it reads a file FILE.toml with the "
            "laws, functions and parameters; `elbowroom derive` takes a formula."
        )
    if arguments.plot and not arguments.plot.endswith(".png"):
        raise InputError(f"--plot writes a picture FILE.png, and {arguments.plot} is not called so.")
    from elbowroom.cli.agreement import compared, derived
    from elbowroom.functional.problem_file import read_problem
    from elbowroom.solution.solve import solve

    problem = read_problem(arguments.problem)
    solution = solve(problem)
    agreement = compared(derived(problem), solution)
    if arguments.plot:
        from elbowroom.cli.solution_plot import plot

        complain(f"The picture is in {plot(solution, arguments.plot)}.")
    if arguments.json:
        print_json({**solution.to_json(), "agreement": agreement})
    else:
        print(solution)
        if agreement is not None:
            print(f"derive agrees: the values differ by {agreement['difference']:.1e}")
    return STATUS[solution.status]
