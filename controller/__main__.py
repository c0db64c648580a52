"""The `hotpress` command."""

from __future__ import annotations

import typer

from controller.cli import recipe as recipe_commands
from controller.cli import record as record_commands
from controller.cli import springback as springback_commands
from controller.cli import tune as tune_commands
from controller.cli.capability import capability_command
from controller.cli.command import command
from controller.cli.daemon import run
from controller.cli.demo import demo
from controller.cli.simulate import simulate

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="hotpress: edge controller of a hot-press station.",
)
app.command()(demo)
app.command()(simulate)
app.command()(run)
app.command()(command)
app.command("capability")(capability_command)
app.add_typer(recipe_commands.app, name="recipe")
app.add_typer(record_commands.app, name="record")
app.add_typer(springback_commands.app, name="springback")
app.add_typer(tune_commands.app, name="tune")


def main() -> None:
    app(prog_name="hotpress")


if __name__ == "__main__":
    main()
