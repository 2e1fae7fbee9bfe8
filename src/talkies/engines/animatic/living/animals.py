"""Animals: what the words of a prompt tell of them."""

from __future__ import annotations

import re

from talkies.script.passage import Passage
from talkies.script.people import People

_ANIMALS = re.compile(
    r"\b(?:dogs|cats|puppies|kittens|horses|bears|foxes|rabbits|lions|tigers|monkeys|elephants|penguins|pandas"
    r"|ducks?|ducklings?|cows|goats|pigs|sheep|moose|elk|deer|humming ?birds?|swans?|goose|geese|eagles?"
    r"|hens?|peacocks?|flamingos?|turtles?|leopards?|cheetahs?|giraffes?|zebras?|camels?|donkeys?|llamas?|alpacas?"
    r"|gorillas?|chimpanzees?|chimps?|orang-?utans?|apes?|baboons?|gibbons?|lemurs?"
    r"|koalas?|kangaroos?|otters?|hedgehogs?|hamsters?|lambs?|foals?|dragonfl(?:y|ies)|butterflies|bees)\b"
    r"|\b(?:poodles?|dachshunds?|bulldogs?|terriers?|corgis?|beagles?|spaniels?|dalmatians?|pony|ponies|stallions?"
    r"|piglets?|boars?|buffalos?|bison|yaks?|reindeer|antelopes?|gazelles?|rhino(?:ceros(?:es)?|s)?|hippos?"
    r"|lioness(?:es)?|panthers?|cougars?|hyenas?|coyotes?|jackals?|wombats?|quokkas?|wallab(?:y|ies)|meerkats?"
    r"|raccoons?|badgers?|skunks?|beavers?|weasels?|ferrets?|chipmunks?|marmots?|gerbils?|walrus(?:es)?|sharks?"
    r"|snakes?|lizards?|geckos?|chameleons?|iguanas?|crocodiles?|alligators?|tortoises?|goldfish|jellyfish"
    r"|snails?|caterpillars?|ladybirds?|ladybugs?|beetles?|hawks?|falcons?|vultures?|pelicans?|storks?|herons?"
    r"|ostrich(?:es)?|puffins?|toucans?|cockatoos?|kingfishers?)\b"
    "|鸭|猩猩|猿|蜂鸟|鹿|天鹅|蝴蝶|牛|羊|松鼠|鹰|骆驼|刺猬|仓鼠|老鼠|蜥蜴|乌龟|海豹|袋鼠|考拉|水獭|浣熊|孔雀|火烈鸟|豹子|棕熊|黑熊",
    re.IGNORECASE,
)
"""Animals that the script's own words leave out, but for those that are mostly heard and not seen."""
_HOVERS = re.compile(
    r"\b(?:humming ?birds?|butterfl(?:y|ies)|dragonfl(?:y|ies)|(?:bumble)?bees?|moths?)\b"
    "|蜂鸟|蝴蝶|蜻蜓|蜜蜂",
    re.IGNORECASE,
)


def is_animal(text: str) -> bool:
    """Tell whether words speak of an animal."""
    mentions = People(Passage(text)).mentions
    return any(mention.kind == "animal" for mention in mentions) or _ANIMALS.search(text) is not None


def hovers(text: str) -> bool:
    """Tell whether words speak of an animal that flies on the spot."""
    return _HOVERS.search(text) is not None
