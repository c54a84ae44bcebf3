import sqlalchemy


def test_each_test_gets_an_empty_postgresql_18_database(postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.begin() as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        tables = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).scalar_one()
        connection.exec_driver_sql("CREATE TABLE left_behind (n integer)")
    engine.dispose()
    assert int(str(version)) // 10_000 == 18
    assert tables == 0


def test_a_table_of_an_earlier_test_is_gone(postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    names = sqlalchemy.inspect(engine).get_table_names()
    engine.dispose()
    assert names == []
