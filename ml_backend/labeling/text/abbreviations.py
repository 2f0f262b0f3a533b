"""Abbreviations that a text writes as if they were words: "i live in the usa"."""

from __future__ import annotations

import re

CAPITALS = re.compile("[A-ZÀ-ÖØ-ÞА-ЯЁΑ-Ω]{2}")
LISTED = """
    a ace act ad add age aid aids aim air al all also am an and any ape app apt arc are
    arm art as ask at ate bad bag ban bar base bat be bed bee beg best bet bid big bit
    boa boat bob bow box boy bud bug bus but buy by cab call camp can cap car card care
    case cat chat chip clip co cod come cop cost cow cup cut dad dam date day de deal
    did die dip do doc dog don dot dry due ear eat ed eg egg ego el em en end era es est
    et eu eve ex eye face fact fan far fast fat fed fee few fig fin fit fix flag flu fly
    for fox from fun gap gas gate get go god got gun gut guy gym had ham has hat he help
    hen her hi him hip his hit ho hot how hub hug ice id if ill im in ink inn ion is it
    its jam jar jaw jet job joy just key kid kit la lab lad lap last law lay le led leg
    less let lie life like lip list lit lo log lot low ma mad made man map mat may me
    men met mi mice mix mo mob mod mom mop mud my nap ne net new next nice no nor not
    now nut oak odd of off oh oil ok old on once one op open or our out over own pa pan
    part pas past pat pay pea pen per pet pi pie pig pin pit plan plus pm pod pop port
    pot pro pub put race rag ram ran rap rat raw ray re red rep rest rib rid rig rim rip
    rise rob rod rose rot row rub rug run sad safe sale sap sat save saw say scan sea
    seal see seat set sex she ship sin sip sir sit six ski sky slim so soar son soon spa
    star start step stop such sum sun swat tab tag tan tap tar task tax tea team ten
    than that the them then they this tie time tin tip to toe ton too top toy trip try
    tub two un up us use van vet via was wave way we web well were wet what when who why
    will win with wit won word work yes yet you zip zoo der das dem den des ein und ist
    um er sie wir ihr ich du ab auf aus bei bis mit nach von vor zu zum zur war wie wo
    wer nun nur oft uns ihm ihn les une ou sur ses sa ce ces que qui par pour il elle
    ils nous vous je tu au aux mes mon nos vos eau ami cas bon sel los las una unos y o
    con por se su sus si del te yo os uma e na nas da dos ao com ele ela gli uno di tra
    fra che non ci mio tuo и в на не он она мы вы ты то что как так да нет по за из до
    от об под при для без или мир рак суд дом год раз сам мой твой его её их нам вам это
    тот та те
"""
WORDS = frozenset(LISTED.split())
"""Short words of the languages that also have abbreviations of these letters."""


def is_lowered(quote: str, text: str) -> bool:
    """Return whether a text that writes none in capitals may mean an abbreviation by these."""
    letters = quote.strip().casefold()
    return letters.isalpha() and letters not in WORDS and not CAPITALS.search(text)
