"""The suite: all that holds for every adapter, as one class of tests."""

from plugin.adapter_contract.normalising import NormalisingContract
from plugin.adapter_contract.parsing import ParsingContract
from plugin.adapter_contract.repeating import RepeatingContract
from plugin.adapter_contract.verifying import VerifyingContract


class AdapterContract(VerifyingContract, ParsingContract, NormalisingContract, RepeatingContract):
    """What every adapter keeps to. A class of tests inherits from it and has a fixture `platform`.

    Where a platform does not have something, its adapter says so (`lacks`), and the tests assert what follows from it.
    """
