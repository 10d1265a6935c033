"""The language of a session is told from enough text; the labelled lines are written by us."""
# ruff: noqa: RUF001 - other alphabets have letters like those of ASCII

import pytest

from stream.detection.language import MIN_LETTER_BYTES, detect_language

CHATS = [
    ("en", ["i dont think this is helping tbh", "every week its the same questions lol", "and then nothing changes"]),
    ("en", ["work was shit and then my mum called", "idk. it all came up again", "cant sleep cant eat"]),
    ("en", ["no. im fine the way i am", "i like smoking and nobody is gonna change that", "so whats the point"]),
    ("en", ["ok lol u dont get it do u", "he said he'd leave n then he didnt", "n now im just waiting i guess"]),
    ("en", ["Sure, we could try that on Tuesday.", "I am not convinced though, last time it did not work at all."]),
    ("en", ["my therapist in Lyon said c'est la vie", "which i found pretty rude to be honest, i was crying"]),
    ("en", ["yeah yeah yeah", "whatever whatever", "you keep asking and i keep telling you that i am ok", "bye"]),
    ("en", ["I &amp; my sister don&#39;t talk", "<b>she</b> left in spring and nobody told me&nbsp;anything about it"]),
    ("de", ["ich weiß nicht ob das was bringt", "jede woche die gleichen fragen", "und es ändert sich nichts"]),
    ("de", ["war scheiße heute auf der arbeit", "und dann hat noch meine mutter angerufen, kann nicht schlafen"]),
    ("nl", ["ik weet niet of dit helpt", "elke week dezelfde vragen", "het was weer een rotdag op het werk"]),
    ("fr", ["je sais pas si ca sert a quelque chose", "chaque semaine les memes questions, j'en ai marre"]),
    ("fr", ["j'ai encore mal dormi et puis ma mère a appelé", "tout est remonté d'un coup, je pleurais au bureau"]),
    ("es", ["no se si esto sirve de algo", "cada semana las mismas preguntas", "otra vez dormi mal y llamo mi madre"]),
    ("it", ["non so se questo serve a qualcosa", "ogni settimana le stesse domande e non cambia niente"]),
    ("pt", ["não sei se isto ajuda", "todas as semanas as mesmas perguntas e eu continuo sem dormir"]),
    ("pl", ["nie wiem czy to coś daje", "co tydzień te same pytania i znowu źle spałam"]),
    ("sv", ["jag vet inte om det här hjälper", "samma frågor varje vecka och jag sover dåligt"]),
    ("da", ["jeg ved ikke om det her hjælper", "de samme spørgsmål hver uge og jeg sover stadig dårligt"]),
    ("fi", ["en tiedä auttaako tämä yhtään", "joka viikko samat kysymykset enkä saa nukuttua"]),
    ("tr", ["bunun bir işe yarayıp yaramadığını bilmiyorum", "her hafta aynı sorular, yine uyuyamadım"]),
    ("ru", ["я не знаю помогает ли это", "каждую неделю одни и те же вопросы и я опять не сплю"]),
    ("uk", ["я не знаю чи це допомагає", "щотижня ті самі питання і я знову не сплю"]),
    ("ar", ["لا أعرف إن كان هذا يساعد", "كل أسبوع نفس الأسئلة ولا أستطيع النوم"]),
    ("hi", ["मुझे नहीं पता कि इससे मदद मिल रही है या नहीं", "हर हफ्ते वही सवाल और मैं सो नहीं पाती"]),
    ("zh", ["我不知道这样有没有用", "每个星期都是一样的问题，我还是睡不着"]),
    ("ja", ["これが役に立っているのか分かりません", "毎週同じ質問で、まだ眠れません"]),
    ("ko", ["이게 도움이 되는지 모르겠어요", "매주 같은 질문이고 잠도 못 자요"]),
    ("vi", ["tôi không biết điều này có giúp gì không", "tuần nào cũng những câu hỏi giống nhau"]),
]


@pytest.mark.parametrize(("language", "texts"), CHATS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_language_of_a_chat_is_told(language: str, texts: list[str]) -> None:
    """The language of a short chat is told, in whatever script and however carelessly it is typed."""
    assert detect_language(texts) == language


def test_another_language_is_never_taken_for_the_one_of_the_models() -> None:
    """No chat in another language is told as English, and none in English as another language."""
    told = {(language == "en", detect_language(texts) == "en") for language, texts in CHATS}
    assert told == {(True, True), (False, False)}


@pytest.mark.parametrize(
    "texts", [[], [""], ["ok"], ["no", "ja", "nein"], ["😀" * 500], ["12345 " * 100], ["?!… " * 99]]
)
def test_too_little_text_tells_nothing(texts: list[str]) -> None:
    """Without enough letters no language is told."""
    assert detect_language(texts) is None


def test_enough_text_may_stand_in_many_messages() -> None:
    """The letters of all texts count together, those of entities and tags not."""
    words = ["ich", "möchte", "heute", "lieber", "nicht", "darüber", "reden", "weil", "meine", "tante"]
    assert sum(len(word.encode()) for word in words) < MIN_LETTER_BYTES
    assert detect_language(words) is None
    assert detect_language(["<span>" * 20, "&nbsp;" * 20, *words]) is None
    assert detect_language([*words, "mithört", "und", "im", "zimmer", "nebenan", "wartet"]) == "de"


def test_most_of_the_text_decides() -> None:
    """A session in two languages is told as the one in which most of it is."""
    english = ["i said to her that i cannot go on like this and she did not answer me at all"] * 4
    assert detect_language([*english, "meine Mutter sagt immer"]) == "en"


@pytest.mark.parametrize("text", ["\x00" * 99, "\ud800" * 99, "a" * 50_000, "\u200b" * 9_000, "ﷺ" * 999])
def test_no_text_raises(text: str) -> None:
    """No text raises an error, since chat text is untrusted input."""
    detect_language([text])
