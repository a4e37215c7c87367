"""Words of time in seven languages, as data of the code: units, numbers, months, weekdays and phrases.

Folded and stemmed like tokens. A phrase means a code that `intervals` turns into an interval: `now`,
`day:-1` (calendar days from the post's), `part:morning:0` (a part of such a day), `week:-1`, `month:-1`,
`year:-1` (calendar units).
"""

from __future__ import annotations

from verify.claims.text import fold
from verify.claims.words import stem


def _key(word: str) -> str:
    return stem(fold(word))


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {_key(word): value for value, words in rows.items() for word in words.split()}


#: A word to "unit*count"; duals and halves carry their count.
UNITS = _table(
    {
        "minute*1": "minute minutes min mins m دقيقة دقائق dakika dk dakikadır минута минуту минуты минут мин хвилина "
        "хвилину хвилини хвилин хв דקה דקות دقیقه",
        "minute*2": "دقيقتين",
        "hour*1": "hour hours hr hrs h ساعة ساعات saat час часа часов година годину години годин שעה שעות ساعت כשעה",
        "hour*2": "ساعتين שעתיים כשעתיים",
        "hour*0.5": "полчаса півгодини",
        "hour*1.5": "полтора півтори",
        "day*1": "day days يوم أيام يوما gün день дня дней дні днів сутки суток добу доби діб יום ימים روز",
        "day*2": "يومين יומיים",
        "week*1": "week weeks wk wks أسبوع أسابيع hafta неделю недели недель неделя тиждень тижні тижнів тижня שבוע שבועות هفته",
        "week*2": "أسبوعين שבועיים",
        "month*1": "month months شهر أشهر شهور ay месяц месяца месяцев місяць місяці місяців חודש חודשים ماه",
        "month*2": "شهرين חודשיים",
        "month*6": "полгода півроку",
        "year*1": "year years yr yrs سنة سنوات عام أعوام yıl sene год года лет рік роки років року שנה שנים سال",
        "year*2": "سنتين عامين שנתיים",
    }
)
NUMBERS = {
    key: float(value)
    for key, value in _table(
        {
            "0.5": "half نصف yarım пол пів חצי نیم",
            "1": "a an one واحدة bir один одну одна одной одну یک אחת",
            "2": "two couple اثنين iki два две дві двух שתי שני دو",
            "3": "three ثلاث ثلاثة üç три трех трьох שלוש שלושה سه",
            "4": "four أربع أربعة dört четыре чотири ארבע ארבעה چهار",
            "5": "five خمس خمسة beş пять п'ять חמש חמישה پنج",
            "6": "six ست ستة altı шесть шість שש שישה شش",
            "7": "seven سبع سبعة yedi семь сім שבע هفت",
            "8": "eight ثمان ثماني ثمانية sekiz восемь вісім שמונה هشت",
            "9": "nine تسع تسعة dokuz девять дев'ять תשע نه",
            "10": "ten عشر عشرة on десять עשר ده",
            "15": "fifteen onbeş пятнадцать п'ятнадцять",
            "20": "twenty عشرين yirmi двадцать двадцять עשרים بیست",
            "30": "thirty ثلاثين otuz тридцать тридцять שלושים سی",
            "-3": "few several some عدة بضع birkaç несколько пару кілька декілька пара מספר כמה چند",
        }
    ).items()
}
AGO = frozenset(map(_key, ["ago", "back", "назад", "тому", "önce", "evvel", "پیش", "قبل", "earlier"]))
BEFORE = frozenset(map(_key, ["قبل", "منذ", "לפני"]))
FILLERS = frozenset(map(_key, ["of", "an", "a", "the", "about", "нас"]))

MONTHS = {
    key: int(value)
    for key, value in _table(
        {
            "1": "january jan يناير كانون ocak января январь січня січень ינואר ژانویه",
            "2": "february feb فبراير شباط şubat февраля февраль лютого лютий פברואר فوریه",
            "3": "march mar مارس آذار mart марта март березня березень מרץ مارس",
            "4": "april apr أبريل نيسان nisan апреля апрель квітня квітень אפריל آوریل",
            "5": "may مايو أيار mayıs мая май травня травень מאי مه",
            "6": "june jun يونيو حزيران haziran июня июнь червня червень יוני ژوئن",
            "7": "july jul يوليو تموز temmuz июля июль липня липень יולי ژوئیه",
            "8": "august aug أغسطس آب ağustos августа август серпня серпень אוגוסט اوت",
            "9": "september sep sept سبتمبر أيلول eylül сентября сентябрь вересня вересень ספטמבר سپتامبر",
            "10": "october oct أكتوبر ekim октября октябрь жовтня жовтень אוקטובר اکتبر",
            "11": "november nov نوفمبر kasım ноября ноябрь листопада листопад נובמבר نوامبر",
            "12": "december dec ديسمبر aralık декабря декабрь грудня грудень דצמבר دسامبر",
        }
    ).items()
}
#: Levantine months of two words: the second word decides.
TWO_WORD_MONTHS = {
    (_key("تشرين"), _key("الأول")): 10,
    (_key("تشرين"), _key("الثاني")): 11,
    (_key("كانون"), _key("الأول")): 12,
    (_key("كانون"), _key("الثاني")): 1,
}
WEEKDAYS = {
    key: int(value)
    for key, value in _table(
        {
            "0": "monday mon الاثنين الإثنين pazartesi понедельник понеділок שני دوشنبه",
            "1": "tuesday tue الثلاثاء salı вторник вівторок שלישי سه‌شنبه",
            "2": "wednesday wed الأربعاء çarşamba среду среда середу середа רביעי چهارشنبه",
            "3": "thursday thu الخميس perşembe четверг четвер חמישי پنجشنبه",
            "4": "friday fri الجمعة cuma пятницу пятница п'ятницю п'ятниця שישי جمعه",
            "5": "saturday sat السبت cumartesi субботу суббота суботу субота שבת شنبه",
            "6": "sunday sun الأحد pazar воскресенье неділю неділя ראשון یکشنبه",
        }
    ).items()
}
BEFORE_WEEKDAY = frozenset(
    map(_key, ["on", "last", "since", "this", "past", "يوم", "في", "во", "в", "у", "минулої", "прошлой", "ביום", "יום", "günü", "روز"])
)
AFTER_WEEKDAY = {
    _key(word): part
    for part, words in {
        "morning": "morning صباحا утром вранці sabahı בבוקר",
        "afternoon": "afternoon ظهرا днем вдень",
        "evening": "evening مساء вечером ввечері akşamı בערב",
        "night": "night ليلا ночью вночі gecesi בלילה",
        "": "günü",
    }.items()
    for word in words.split()
}
BEFORE_YEAR = frozenset(
    map(
        _key,
        ["in", "from", "since", "of", "back", "circa", "year", "dated", "summer", "winter", "spring", "autumn", "fall", "early", "late", "mid", "عام", "سنة", "في", "من", "منذ", "في", "العام", "в", "с", "за", "из", "от", "году", "у", "з", "від", "із", "року", "році", "рік", "yılı", "yılında", "ב", "מ", "מ", "משנת", "בשנת", "משנה", "שנת", "در", "سال", "از"],
    )
)
AFTER_YEAR = frozenset(
    map(_key, ["года", "году", "год", "году", "року", "році", "рік", "yılı", "yılında", "yılından", "de", "da", "te", "ta", "dan", "den", "ten", "tan"])
)
BEFORE_MONTH = frozenset(map(_key, ["in", "since", "last", "from", "early", "late", "mid", "during", "في", "خلال", "в", "у", "с", "из", "во", "در"]))
AT = frozenset(
    map(
        _key,
        ["at", "around", "about", "approximately", "الساعة", "الساعه", "saat", "saatler", "в", "о", "об", "около", "близько", "בשעה", "ساعت"],
    )
)
LATER_HALF = {"pm": 12, "am": 0, "مساء": 12, "صباحا": 0}

_PHRASES = {
    "now": "right now|just now|happening now|at this moment|at the moment|currently|moments ago|a moment ago|minutes ago|"
    "this moment|this very moment|as we speak|live now|"
    "الآن|حاليا|حالياً|في هذه اللحظات|هذه اللحظات|هذه الأثناء|قبل قليل|منذ قليل|قبل لحظات|منذ لحظات|قبل دقائق|هلق|هسه|قبل شوي|"
    "şu an|şu anda|şimdi|şu dakikalarda|az önce|demin|biraz önce|şu sıralar|hemen şimdi|dakikalar önce|"
    "сейчас|прямо сейчас|только что|в эти минуты|в данный момент|в настоящее время|минуту назад|недавно только|"
    "зараз|просто зараз|прямо зараз|щойно|наразі|в цю хвилину|цієї миті|тільки що|"
    "עכשיו|ממש עכשיו|כעת|ברגעים אלה|ברגע זה|לפני רגע|לפני דקות|לפני זמן קצר|כרגע|"
    "اکنون|هم اکنون|هم‌اکنون|همین الان|همین حالا|لحظاتی پیش|دقایقی پیش|هم اینک|در این لحظه|لحظاتی قبل",
    "day:0": "today|earlier today|later today|hours ago|"
    "اليوم|هذا اليوم|اليوم نفسه|النهارده|نهار اليوم|قبل ساعات|منذ ساعات|"
    "bugün|bu gün|saatler önce|сегодня|сегодняшний|сегодняшнее|сьогодні|сьогоднішній|сьогоднішнє|היום|לפני שעות|امروز|ساعاتی پیش|ساعاتی قبل",
    "day:-1": "yesterday|أمس|يوم أمس|البارحة|امبارح|مبارح|الأمس|بالأمس|dün|dünkü|вчера|вчерашний|вчерашнее|вчора|учора|"
    "вчорашній|вчорашнє|אתמול|דאמש|دیروز",
    "day:-2": "day before yesterday|the day before yesterday|أول أمس|اول امس|أول من أمس|أمس الأول|önceki gün|evvelsi gün|"
    "evvelki gün|позавчера|позавчора|שלשום|پریروز",
    "part:morning:0": "this morning|early this morning|earlier this morning|today morning|this dawn|at dawn|dawn today|dawn|at sunrise|"
    "early morning|in the early hours|the early hours|"
    "صباح اليوم|هذا الصباح|اليوم صباحا|فجر اليوم|فجرا|صباحا|مع ساعات الفجر|فجر هذا اليوم|ساعات الصباح|"
    "bu sabah|bugün sabah|sabah saatlerinde|bu sabaha karşı|sabaha karşı|"
    "сегодня утром|утром|этим утром|рано утром|на рассвете|под утро|утром сегодня|с утра|"
    "сьогодні вранці|вранці|цього ранку|зранку|на світанку|рано вранці|сьогодні зранку|удосвіта|під ранок|"
    "הבוקר|היום בבוקר|לפנות בוקר|עם שחר|בשעות הבוקר|"
    "امروز صبح|صبح امروز|بامداد امروز|سحرگاه امروز|امروز بامداد|صبح امروزی",
    "part:afternoon:0": "this afternoon|today noon|at noon|midday today|this midday|ظهر اليوم|عصر اليوم|بعد ظهر اليوم|ظهرا|"
    "bu öğlen|bugün öğle|bu öğleden sonra|сегодня днем|сегодня днём|днем|днём|сьогодні вдень|вдень|"
    "אחר הצהריים|הצהריים|בצהריים|בעדר הצהריים|امروز ظهر|ظهر امروز|بعدازظهر امروز|عصر امروز",
    "part:evening:0": "this evening|today evening|مساء اليوم|هذا المساء|اليوم مساء|مساءً|bu akşam|akşam saatlerinde|"
    "сегодня вечером|вечером|этим вечером|сьогодні ввечері|сьогодні увечері|цього вечора|ввечері|увечері|הערב|امروز عصر|عصر امروز",
    "part:night:0": "tonight|this night|late tonight|last night|overnight|late last night|during the night|yesterday night|at night|"
    "الليلة|هذه الليلة|الليلة الماضية|ليلة أمس|ليل أمس|الليلة الفائتة|البارحة ليلا|ليلا|منتصف الليل|ليلة البارحة|"
    "bu gece|dün gece|geçtiğimiz gece|gece saatlerinde|gece yarısı|gece boyunca|"
    "этой ночью|сегодня ночью|прошлой ночью|ночью|в ночь на сегодня|минувшей ночью|за ночь|"
    "цієї ночі|сьогодні вночі|минулої ночі|вночі|уночі|за ніч|"
    "הלילה|אמש|אתמול בלילה|במהלך הלילה|בלילה האחרון|دیشب|امشب|شب گذشته|دیشبی",
    "part:morning:-1": "yesterday morning|صباح أمس|أمس صباحا|صباح يوم أمس|فجر أمس|dün sabah|вчера утром|вчора вранці|אתמול בבוקר|دیروز صبح|صبح دیروز",
    "part:afternoon:-1": "yesterday afternoon|ظهر أمس|عصر أمس|dün öğlen|вчера днем|вчора вдень|אתמול בצהריים|دیروز ظهر",
    "part:evening:-1": "yesterday evening|مساء أمس|أمس مساء|مساء يوم أمس|dün akşam|вчера вечером|вчора ввечері|вчора увечері|אתמול בערב|دیروز عصر",
    "week:0": "this week|هذا الأسبوع|bu hafta|на этой неделе|цього тижня|השבוע|این هفته",
    "week:-1": "last week|الأسبوع الماضي|الأسبوع الفائت|geçen hafta|geçtiğimiz hafta|на прошлой неделе|прошлой неделе|минулого тижня|"
    "בשבוע שעבר|שבוע שעבר|هفته گذشته|هفته پیش",
    "month:0": "this month|هذا الشهر|bu ay|в этом месяце|цього місяця|החודש|این ماه",
    "month:-1": "last month|الشهر الماضي|الشهر الفائت|geçen ay|geçtiğimiz ay|в прошлом месяце|прошлом месяце|минулого місяця|"
    "בחודש שעבר|חודש שעבר|ماه گذشته|ماه پیش",
    "year:-1": "last year|العام الماضي|السنة الماضية|geçen yıl|geçen sene|в прошлом году|прошлом году|минулого року|торік|"
    "בשנה שעברה|שנה שעברה|אשתקד|سال گذشته|پارسال|سال پیش",
}
#: First word of a phrase to the phrases that begin with it, longest first: (words, code).
PHRASES: dict[str, list[tuple[tuple[str, ...], str]]] = {}
for _code, _phrases in _PHRASES.items():
    for _phrase in _phrases.split("|"):
        _words = tuple(_key(word) for word in _phrase.replace("‌", " ").split())
        PHRASES.setdefault(_words[0], []).append((_words, _code))
for _entries in PHRASES.values():
    _entries.sort(key=lambda entry: -len(entry[0]))

#: The text itself says that the footage is not new.
OLD_FOOTAGE = (
    "archive footage", "archival footage", "old footage", "old video", "old clip", "file footage", "throwback",
    "arşiv görüntü", "eski görüntü", "архивное видео", "архивные кадры", "старое видео", "архівне відео", "старе відео",
    "فيديو قديم", "أرشيف", "مقطع قديم", "סרטון ישן", "ארכיון", "ویدئوی قدیمی", "آرشیوی",
)  # fmt: skip
