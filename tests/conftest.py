"""What every test may ask for."""

pytest_plugins = [
    "tests.fixtures.stack",
    "tests.fixtures.system",
    "tests.fixtures.nothing_left_out",
    "tests.fixtures.guarantees",
    "tests.fixtures.certificates",
    "tests.fixtures.secured_kafka",
]
