"""Write out what a voice would misread: abbreviations, sums, times, telephone numbers and addresses.

The voices read plain numbers, dates and units by themselves. What is written here is what they take for
something else: hibari-tts 0.2.1 reads the "no." that ends a sentence as "number", eSpeak NG a Chinese
telephone number as one of thousands of millions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from talkies.script.languages import ADDRESS

_PLAIN_STOP = r"\1 ."  # parted from its word, which the voice then takes for no abbreviation

_MONTHS = {
    "Jan": "January",
    "Feb": "February",
    "Mar": "March",
    "Apr": "April",
    "Jun": "June",
    "Jul": "July",
    "Aug": "August",
    "Sept": "September",
    "Sep": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}
_DAYS = {
    "Mon": "Monday",
    "Tues": "Tuesday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thurs": "Thursday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_CALENDAR = _MONTHS | _DAYS
_BEFORE_NUMBER = {
    "no": "number",
    "nos": "numbers",
    "fig": "figure",
    "figs": "figures",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "p": "page",
    "pp": "pages",
    "est": "established",
    "apt": "apartment",
    "hwy": "highway",
    "approx": "approximately",
    "vs": "versus",
    "cf": "compare",
}
"""Abbreviations whose dot ends no sentence when a number follows."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(words)


_LETTER_A = "eh"  # read as the letter's name; "A" is an article to the voice
_WORDS_BEFORE_STOP = "no|nos|[Ff]ig|[Vv]ol|[Cc]h|pp|est|eds|Apt|Jan|Mar|Jun|Dec|Mon|Wed|Sat|Sun"
"""English words and names that the voice takes for abbreviations when a full stop follows."""
_TITLES_AND_WORDS = "Gen|Hon|Rep|Rev|Col|Sen|Pres"
_OPENING = (
    "I|You|He|She|It|We|They|The|An?|This|That|These|Those|There|Here|My|Your|His|Her|Its|Our|Their|"
    "What|Who|Whose|Where|When|Why|How|And|But|So|Or|If|As|At|In|On|To|For|Then|Now|Not?|Yes|Oh|"
    "Is|Are|Was|Were|Do|Does|Did|Can|Could|Will|Would|Have|Has|Had|Let|Please"
)
"""Words that open a sentence and are no names."""
_NUMBERED = "part|book|type|level|stage|class|grade|round|phase|act|scene|section|volume|chapter|article"
"""Words after which the voice takes "I" for a numeral: "the book I read"."""
_NUMBERED_NAMES = (
    "King|Queen|Pope|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth|Napoleon|Leo|"
    "John Paul|Frederick|Philip|Alexander|Nicholas|Peter|Catherine|Ivan|Gustav|Christian|Mark|Apollo|Gemini|"
    "Episode|Rocky"
)
"""After these and those above it takes any I, V, X, L or C for a numeral: "King Charles", "Mark Lee"."""
_ROMAN = r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})(?!\w)"
_LETTERED = "plan|vitamin|letter|grade|option|type|team|group|class|section|point|level|unit|gate|block|bus"
"""Words after which "A" is a letter."""
_MONTH_AGAIN = _any_of(_MONTHS.values())

_ENGLISH_STOPS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(rf"\b({_any_of(_BEFORE_NUMBER)})\. ?(?=\d)", re.IGNORECASE),
        lambda match: _BEFORE_NUMBER[match[1].lower()] + " ",
    ),
    (
        re.compile(rf"\b({_any_of(_DAYS)})\.? ?[-–] ?({_any_of(_DAYS)})\b(?:\.(?=,| [a-z]))?"),
        lambda match: f"{_DAYS[match[1]]} to {_DAYS[match[2]]}",
    ),
    (re.compile(rf"\b({_any_of(_CALENDAR)})\.(?=,? ?\d)"), lambda match: _CALENDAR[match[1]]),
    (re.compile(rf"\b({_any_of(_DAYS)})\.(?=,? (?:{_MONTH_AGAIN}) \d)"), lambda match: _DAYS[match[1]]),
    (
        re.compile(rf"(\d(?:st|nd|rd|th)?,? (?:of )?)({_any_of(_CALENDAR)})(?:\.(?=,| [a-z])|(?=\.))"),
        lambda match: match[1] + _CALENDAR[match[2]],
    ),
    (re.compile(rf"\b({_WORDS_BEFORE_STOP})\.(?!\w)"), _PLAIN_STOP),
    (re.compile(r"(?<!\dst )(?<!\dnd )(?<!\drd )(?<!\dth )\b(ed)\.(?!\w)"), _PLAIN_STOP),
    # at a full stop the voice knows neither a fraction nor a range, and one letter is an initial to it
    (re.compile(r"(\d[-–/]\d+|\bdot [A-Z] [A-Z])\.(?!\w)"), _PLAIN_STOP),
    (re.compile(rf"\b({_TITLES_AND_WORDS})\.(?! (?!(?:{_OPENING})\b)[A-Z])"), _PLAIN_STOP),
    (re.compile(rf"\b({_TITLES_AND_WORDS})(?= (?:[A-Z]|{_OPENING})\b)"), lambda match: match[1].lower()),
    (re.compile(rf"\bSt\.(?= (?:{_OPENING})\b)"), "Street."),
    (re.compile(r"\bSt\.? (?=[A-Z])"), "Saint "),
    (re.compile(rf"\b((?i:{_NUMBERED})) I(?= [a-z])"), r"\1 i"),
    (re.compile(rf"\b((?i:{_NUMBERED}) )(?!{_ROMAN})([IVXLC])"), lambda match: match[1] + match[2].lower()),
    (
        re.compile(rf"((?<=[.!?]) )?\b({_NUMBERED_NAMES})(?= (?!{_ROMAN})[IVXLC])"),
        lambda match: ("\n" if match[1] else "") + match[2].lower(),  # begins a sentence
    ),
    (re.compile(r"\bvs\.(?= )"), "versus"),
    (re.compile(r"\be\.g\.,?"), "for example"),
    (re.compile(r"\bi\.e\.,?"), "that is"),
    (re.compile(r"\b([A-Z][a-z]+) Dr(?:\.(?= [a-z]|,))"), r"\1 Drive"),
    (re.compile(rf"\b([A-Z][a-z]+) Dr\.(?! (?!(?:{_OPENING})\b)[A-Z])"), r"\1 Drive."),
    (re.compile(rf"\b((?i:{_LETTERED})) A\b"), rf"\1 {_LETTER_A}"),
)


def stops_told(text: str) -> str:
    """Write English out where a dot or a name would be taken for what it is not.

    A dot behind "no", "fig", "Jan" and the like makes an abbreviation only beside a number; else it is a
    full stop.

    >>> stops_told("Oh no. No. 5 left on Sat. 3 May.")
    'Oh no . number 5 left on Saturday 3 May.'
    """
    for pattern, replacement in _ENGLISH_STOPS:
        text = pattern.sub(replacement, text)
    return text


_UNITS = {"m": "meters", "g": "grams", "s": "seconds", "l": "liters", "h": "hours"}
"""Of one letter, which the voice reads as its name; "5M" and "10k" it knows, and "the 60s" are years."""
_UNIT = re.compile(
    r"(?<![\w.,:/$£€¥-])(\d[\d,]*(?:(?:\.\d+)? (?=s)|\.\d+(?=s)|(?:\.\d+)? ?(?!s)))"
    rf"({_any_of(_UNITS)})(?=[ ,;!?]|\.(?!\w)|$)"
)
_FEET = re.compile(r"(?<![\w.,])(\d{1,2})['′] ?(\d{1,2})(?:[\"”″]|''|(?![\w'’]))")
_TIMES_AS = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)x(?=[ .,;!?]|$)")
_TIMES = re.compile(r"(?<=\d) ?[x×] ?(?=\d)")
_SIGNS = {"+": "plus", "-": "minus", "−": "minus", "–": "minus", "/": "divided by", "÷": "divided by"}
_SIGN = re.compile(r"(?<= )[-+−–/÷](?= )")
_CALCULATION = re.compile(r"(?<![\w.])\d[\d.,]*(?: (?:[-+−–/÷]|times) \d[\d.,]*)+(?= ?=)")
_EQUALS = re.compile(r"(?<=[\w)]) ?= ?(?=[\w(?-])")
_MIXED_FRACTION = re.compile(r"(?<![\w.,/])(\d+) (?=[1-9]/[2-9](?![\w/]))")
_PRICED = re.compile(
    r"(?<=\b[Aa] )\$(\d[\d,]*)(?= [a-z])(?! (?:hundred|thousand|million|billion|an?|and|or|for|to)\b)"
)
_NUMBER_SIGN, _HASHTAG = re.compile(r"#(?=\d)"), re.compile(r"(?<!\w)#(?=[^\W\d])")
_SHORT_NUMBER = "911|999|112|110|119|988|311"  # of the police and other helpers
_CALLED_NUMBER = re.compile(
    rf"\b((?:call|dial|phone|ring)(?:s|ed|ing)? )((?:{_SHORT_NUMBER})(?: or (?:{_SHORT_NUMBER}))?)\b",
    re.IGNORECASE,
)
_EMOTICON = re.compile(r"(?<!\S)(?:[:;]-?[()DPpOo/|]|=[()D]|<3|[xX]D)(?![^\s.,!?])")
_SUM = re.compile(r"(?<![\w.,$£€¥])((?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\d\d)?) ?([$£€¥])(?![\w$£€¥])")
_CLOCK = re.compile(r"\b(\d{1,2})(:\d\d)? ?([ap])(?:m\b|\.m\b(?:\.(?=,| (?-i:[a-z])))?)", re.IGNORECASE)
_TIME_RANGE = re.compile(
    r"(?<=[\dm.]) ?[-–] ?(?=\d{1,2}(?::\d\d)? ?[ap]\.?m\b)|(?<=:\d\d) ?[-–] ?(?=\d{1,2}:\d\d)", re.IGNORECASE
)
_SLASHED = re.compile(r"(?<![\w./])(\d{1,4})/(\d{1,4})(?![\w/]|\.\d)")
_LARGEST_PART = 10  # below the line of a fraction that is read as one
_FORMULA = re.compile(r"\b([A-Z]{2,3})(?=\d)")
_SEPARATED = r"(?:(?:[ .-]|\) ?-?| ?\()?\d)"
_TELEPHONE = re.compile(
    rf"(?<![\w.,/:-])(?:\+\d{_SEPARATED}{{6,}}|\(\d{{2,5}}\){_SEPARATED}{{6,}}"
    r"|(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4}|\d{3}-\d{4}|\d{10,11})(?![\w-]|[.,:/]\d)"
)
_MARKS_OF_ADDRESSES = {"@": ", at ", ".": " dot ", "/": " slash ", "-": " dash ", "_": " underscore "}
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_SPELLED_LABEL = re.compile(r"^www(?= )|(?<=dot )(?!co\b)[a-z]{2}(?= slash|$)", re.IGNORECASE)


def english(text: str) -> str:
    """Write out numbers and addresses that the English voice would misread.

    >>> english("24/7, 9am-5pm, 20€: www.example.com")
    '24 7, 9:00 am to 5:00 pm, €20: W W W dot example dot com'
    """
    text = ADDRESS.sub(_address, _EMOTICON.sub(" ", text))
    text = _CALLED_NUMBER.sub(lambda match: match[1] + re.sub(r"(?<=\d)(?=\d)", " ", match[2]), text)
    text = _TELEPHONE.sub(lambda match: _grouped_digits(match[0]), text)
    text = _SUM.sub(lambda match: match[2] + re.sub(r",(?=\d\d$)", ".", match[1]), text)
    text = _TIME_RANGE.sub(" to ", text)
    text = _CLOCK.sub(lambda match: f"{match[1]}{match[2] or ':00'} {match[3]}m", text)
    text = _measures(_HASHTAG.sub("hashtag ", _NUMBER_SIGN.sub("number ", text)))
    text = _SLASHED.sub(_slashed, text)
    return _FORMULA.sub(lambda match: " ".join(match[1]).replace("A", _LETTER_A) + " ", text)


def _measures(text: str) -> str:
    """Write out lengths, weights, times, prices and sums.

    >>> _measures("6'2\\" and 80 g; 2 x 3 = 6, 2 1/2 hours, a $5 bill")
    '6 foot 2 and 80 grams; 2 times 3 equals 6, 2 and 1/2 hours, a 5 dollar bill'
    """
    text = _FEET.sub(r"\1 foot \2", text)
    text = _UNIT.sub(_unit, text)
    text = _TIMES.sub(" times ", _TIMES_AS.sub(r"\1 times", text))
    text = _CALCULATION.sub(lambda match: _SIGN.sub(lambda sign: _SIGNS[sign[0]], match[0]), text)
    text = _MIXED_FRACTION.sub(r"\1 and ", _EQUALS.sub(" equals ", text))
    return _PRICED.sub(r"\1 dollar", text)


def _unit(match: re.Match[str]) -> str:
    count, name = match[1].strip(), _UNITS[match[2]]
    return f"{count} {name[:-1] if count == '1' else name}"


def _address(match: re.Match[str]) -> str:
    address = _SCHEME.sub("", match[0]).rstrip("/")
    for mark, words in _MARKS_OF_ADDRESSES.items():
        address = address.replace(mark, words)
    return _SPELLED_LABEL.sub(lambda label: " ".join(label[0].upper()), re.sub(r"[^\w ,]", " ", address))


def _grouped_digits(number: str) -> str:
    plus = "plus " if number.startswith("+") else ""
    return plus + ", ".join(" ".join(group) for group in re.findall(r"\d+", number))


def _slashed(match: re.Match[str]) -> str:
    """Leave what the voice reads as a fraction or a date, and part other numbers: "24/7"."""
    one, other = int(match[1]), int(match[2])
    is_fraction = 0 < one < other <= _LARGEST_PART
    is_date = 1 <= one <= 12 and 1 <= other <= 31 and one != other
    return match[0] if is_fraction or is_date else f"{one} {other}"


_CHINESE_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_CHINESE_TELEPHONE_DIGITS = str.maketrans("0123456789", "零幺二三四五六七八九")  # 幺: 一 is taken for 七
_CHINESE_YEAR = re.compile(r"(?<!\d)\d{4}(?= ?年|[-~至到]\d{4} ?年)")
_CALLED = "电话|手机|号码|热线|拨打|致电"
_CHINESE_TELEPHONE = re.compile(
    r"(?<![\d.-])(?:(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}|0\d{2,3}[- ]?\d{7,8}|[48]00-?\d{3}-?\d{4}"
    rf"|(?<={_CALLED})\d[\d -]+\d|(?<=(?:{_CALLED})[是为: ])\d[\d -]+\d)(?![\d.-])"
)


def chinese(text: str) -> str:
    """Write years and telephone numbers digit by digit.

    >>> chinese("2024年，拨打13812345678")
    '二零二四年，拨打幺三八幺二三四五六七八'
    """
    text = _CHINESE_YEAR.sub(lambda match: match[0].translate(_CHINESE_DIGITS), text)
    return _CHINESE_TELEPHONE.sub(
        lambda match: " ".join(re.findall(r"\d+", match[0])).translate(_CHINESE_TELEPHONE_DIGITS), text
    )
