"""A log on PostgreSQL with its roles separated, and who may be connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from answerable.audit.store.database import Database
from answerable.audit.store.ddl_guard import apply_ddl_guard
from answerable.audit.store.enforcement_postgres import facts_on
from answerable.audit.store.guard_facts import GuardFact
from answerable.audit.store.roles import Roles, apply_roles
from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer

SUPERUSER = "postgres"
PRIVILEGE = "42501"
"""SQLSTATE of what a role may not do, and of what the guard over the schema refuses."""
RETENTION = "retention of 'log'"


@dataclass
class SeparatedLog:
    """A log whose service connects as the writer; `deployer` made it, and is no superuser."""

    server: PostgresServer
    name: str
    deployer: str
    roles: Roles
    kit: LogKit

    def url(self, user: str) -> str:
        return self.server.url(self.name, user)

    def database(self, user: str) -> Database:
        return Database(self.url(user), must_exist=True)

    def run(self, user: str, *statements: str, allowance: str = "") -> list[tuple[Any, ...]]:
        """Run statements in one transaction of their own; return the rows of the last."""
        with psycopg.connect(self.server.conninfo(self.name, user)) as connection:
            if allowance:
                connection.execute("SELECT set_config('audit.allow_ddl', %s, true)", [allowance])
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                done = connection.execute(statement.encode())
                rows = done.fetchall() if done.description else []
        return rows

    def separate_retention(self) -> None:
        """Separate the roles again, with one for retention; it is dropped with the others."""
        roles = replace(self.roles, retention=RETENTION)
        database = self.database(self.deployer)
        apply_roles(database, roles)
        database.close()

    def facts_after(self, statement: str) -> dict[str, GuardFact]:
        """What is found about the guards after a superuser's change, which is undone again."""
        database = self.database(SUPERUSER)
        with database._engine.connect() as connection:
            connection.exec_driver_sql(statement)
            facts = {fact.name: fact for fact in facts_on(connection)}
            connection.rollback()
        database.close()
        return facts

    def refusal(self, user: str, *statements: str) -> tuple[str, str]:
        """Run what must be refused; return the SQLSTATE and the message."""
        try:
            self.run(user, *statements)
        except psycopg.Error as error:
            return error.sqlstate or "", str(error)
        raise AssertionError(f"{user} was not refused: {statements}")


def filled(log: SeparatedLog) -> SeparatedLog:
    """The same log with entries, a tile and a checkpoint."""
    log.kit.log.append_many([log.kit.decision("anna"), *(log.kit.decision() for _ in range(260))])
    log.kit.log.checkpoint()
    return log


def guarded(log: SeparatedLog) -> SeparatedLog:
    """The same log with the event triggers that only a superuser can make."""
    filled(log)
    database = log.database(SUPERUSER)
    apply_ddl_guard(database)
    database.close()
    return log


def still_whole(log: SeparatedLog) -> bool:
    """Whether the log can be appended to and verifies."""
    log.kit.log.append(log.kit.decision("bert"))
    return log.kit.verify().ok


@contextmanager
def separated(server: PostgresServer) -> Iterator[SeparatedLog]:
    """Make a log, separate its roles as a deployment does, and remove all of it at the end."""
    with _roles_of_test(server) as names, server.fresh_database() as database:
        deployer = names[0]
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            _run(connection, "CREATE ROLE {} LOGIN CREATEROLE", deployer)
            _run(connection, "ALTER DATABASE {} OWNER TO {}", database, deployer)
        kit = LogKit.create(server.url(database, deployer))
        roles = Roles(*names[1:])
        admin = Database(kit.url, must_exist=True)
        apply_roles(admin, roles)
        admin.close()
        kit.log.close()
        kit.url = server.url(database, roles.writer)
        kit.reopen()
        yield SeparatedLog(server, database, deployer, roles, kit)
        kit.log.close()


@contextmanager
def _roles_of_test(server: PostgresServer) -> Iterator[list[str]]:
    names = ["the deployer", "owner of 'log'", 'the "writer" 100%', "reader\\auditor"]
    yield names
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        for name in (RETENTION, *reversed(names)):
            _run(connection, "DROP ROLE IF EXISTS {}", name)


def _run(connection: psycopg.Connection[Any], statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
