"""Names that the vocabulary lacks: what the form of a Chinese one tells."""

from __future__ import annotations

from typing import Literal

Sex = Literal["man", "woman"]

_MEN = "爷公总哥汉兄父叔伯舅爸爹帝侠郎"  # with what a word for a man ends
_WOMEN = "娘妃姐妹妈婆妻姨婶嫂妇媛"
_ROLES = "长员师人者家生手士官子主王后客徒友童孩神仙鬼妖魔怪兽兵民星迷"  # for somebody of either sex
_BEFORE_A_SURNAME = "老小阿"


def tells_somebody(name: str) -> bool:
    """Tell whether the words before a verb of saying name somebody; Chinese ones may say how it is said.

    >>> [tells_somebody(name) for name in ("老王", "掌门人", "女粉丝", "半天才", "一字一句")]
    [True, True, True, False, False]
    """
    is_named = told_sex(name) is not None or name[-1] in _ROLES or name[0] in _BEFORE_A_SURNAME
    return is_named or name[0].isascii()


def told_sex(name: str) -> Sex | None:
    """Tell the sex that a Chinese name's first or last character tells, if any.

    >>> [told_sex(name) for name in ("男粉丝", "李总", "老王", "掌门人")]
    ['man', 'man', 'man', None]
    """
    is_old_surname = len(name) == 2 and name[0] == "老"
    if name[0] == "男" or name[-1] in _MEN or is_old_surname:
        return "man"
    return "woman" if name[0] == "女" or name[-1] in _WOMEN else None
