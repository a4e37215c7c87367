"""Words beside a mention that decide how to read it: word lists in seven languages, as data of the code.

Folded as `text.fold` folds and cut as `words.stem` cuts, so that each is compared with a token's key.
"""

from __future__ import annotations

from verify.claims.text import fold
from verify.claims.words import stem


def _keys(words: str) -> frozenset[str]:
    return frozenset(stem(fold(word)) for word in words.split())


#: Words of arms and fighting: beside one of them an ambiguous name (Grad, Tor, Cobra) is read as equipment.
ARMS = _keys(
    "tank armoured armored vehicle apc ifv missile rocket launcher system battery sam mlrs howitzer artillery gun drone "
    "uav ucav helicopter gunship jet jets fighter strike airstrike shell shelling fired firing fire hit hits destroyed "
    "destroys burning captured abandoned knocked shot downed intercepted crew convoy column army forces troops soldiers "
    "militants rebels insurgents militia brigade battalion losses warhead salvo barrage launched launch operator mbt "
    "atgm munition ammunition damaged targeted targets radar airbase wreckage debris defence defense "
    "дабابة دبابة دبابات صاروخ صواريخ قصف قصفت تدمير دمرت استهداف استهدفت راجمة راجمات مدفعية طائرة طائرات مسيرة منظومة "
    "مدرعة عربة عربات آلية اسقاط إسقاط اسقطت أسقطت اسقط قذيفة قذائف غارة غارات الجيش قوات مروحية ناقلة بصاروخ باستخدام اغتنام "
    "tankı tank füze füzesi füzeleri obüs obüsü vurdu vurdular vuruldu imha iha siha helikopter zırhlı düşürüldü top toplar "
    "roket mermi ordusu ordu tsk rejim hava savunma konvoy ele batarya bataryası dövüyor bombaladı mevzide çnra "
    "танк бмп бтр ракета ракеты ракетами удар ударил подбит подбита уничтожен уничтожили уничтожил сбит сбили трофей "
    "трофейный сау рсзо зрк птрк пзрк бпла дрон беспилотник вертолет вертолёт самолёт самолет батарея расчёт расчет колонна "
    "армия всу обстрел обстреляли работает работают залп комплекс установка боеприпас снаряд прилёт прилет экипаж пво "
    "знищено знищили знищив збито збили трофейний ракетою ракети рсзв зсу обстріл обстріляли вертоліт гелікоптер літак "
    "працює працюють установка снаряд ппо екіпаж застосували вразили влучання "
    'טיל טילים רקטה רקטות טנק טנקים מסוק מטוס הושמד יירוט פגע פגעו ירי ירו צבא סוללה מערכת כטב"ם מל"ט נגמ"ש '
    "موشک تانک پهپاد بالگرد جنگنده شلیک انهدام منهدم اصابت حمله سامانه نفربر نیروی سپاه پرتاب سرنگون ارتش"
)

#: Before a generic word these make it something else ("think tank").
NOT_AFTER = {
    "tank": _keys(
        "think fish water fuel gas septic oil storage shark petrol propane dunk memory holding drunk"
    ),
    "mortar": _keys("and brick"),
    "rocket": _keys("space houston bottle falcon moon electron starship model sky"),
    "fighter jet": _keys("suicide ny york private bbc winnipeg fighterless"),
    "drone": _keys("dji hobby wedding camera photo"),
    "rifle": _keys("air"),
    "truck": _keys("food"),
    "missile": _keys(""),
}
#: After a generic word these make it something else ("rocket science").
NOT_BEFORE = {
    "tank": _keys("top tops engine thomas girl shell shells round rounds"),
    "rocket": _keys("science scientist ship league salad man lab"),
    "drone": _keys(
        "footage video videos shot shots view photo photos pics image images show camera photography feed"
    ),
    "fighter jet": _keys("lag ski fuel stream"),
    "mortar": _keys("board"),
    "ship": _keys(""),
}

NEGATIONS_BEFORE = _keys(
    "not no never without isnt wasnt arent werent aint nor neither dont doesnt didnt nope "
    "ليس ليست ليسوا لم لا مو مش ما بلا ليسو لست "
    "не нет ни без нету ані немає ні жодного "
    "לא אין בלי אינו אינה אינם "
    "نیست نه بدون"
)
NEGATIONS_AFTER = _keys("değil degil değildi değildir yok نیست نبود نیستند")
QUESTIONS = _keys("هل آیا هل؟ чи ли разве неужели האם")
#: Words that end a negation's or a question's reach.
TURNS = _keys(
    "but rather instead its these those they بل لكن إنما а но это але це a ama bu aksine אלא זה אבל بلکه ولی"
)

# --- places -----------------------------------------------------------------------------------

#: Right before a name: what follows is where something is.
LOCATIVES = _keys(
    "in near at from to towards toward over around outside inside into on onto of across via through between within "
    "leaving entering enters entered reached reaching captured capture captures liberated seized seizes took takes "
    "retook retakes hit hits struck strikes shelled shells bombed bombs besieged stormed attacked attacks targeting "
    "town city village district camp front axis airbase airport province countryside region outskirts direction "
    "western eastern northern southern central north south east west for battle siege fall control controls liberate "
    "في فى من إلى الى على قرب بالقرب باتجاه نحو عند ريف بريف مدينة بلدة قرية بلدتي محور جبهة محافظة منطقة حي مخيم مطار قاعدة معبر "
    "شرق غرب شمال جنوب شرقي غربي شمالي جنوبي وسط داخل محيط أطراف تحرير سقوط دخول اقتحام قصف ولاية قضاء ناحية طريق اتجاه فوق "
    "بين حول تجاه صوب ضواحي أحياء هجوم "
    "в во у на под над из около возле близ районе район городе город города селе село посёлке поселке посёлок поселок "
    "за до от к по с через области направлении направление окрестностях штурм взятие "
    "біля під над з із у в на до поблизу коло місті місто міста селі село районі район області напрямку смт через за по від "
    "ב ליד מעל באזור בעיר העיר מול לעבר אל מ על סמוך כפר שכונת צפון דרום מזרח מערב קיבוץ היישוב בגזרת "
    "در از به شهر استان نزدیک منطقه شرق غرب شمال جنوب روستای حومه سوی بر فراز اطراف شهرک جبهه محور "
    "kuzeyinde güneyinde batısında doğusunda"
)
#: Right after a name: the name before is a place.
PLACE_WORDS = _keys(
    "province oblast governorate countryside region district city town village front frontline axis direction camp area "
    "airbase airport outskirts suburb crossing hospital refugee state road sector oblast' pocket valley mountains port "
    "beldesi beldesinde ilçesi ilçesinde köyü köyünde şehri şehrinde kenti kentinde yakınlarında yakınında yakın kırsalı "
    "kırsalında bölgesi bölgesinde sınırı kuzeyinde güneyinde batısında doğusunda merkezi merkezinde cephesi üzerinde "
    "ilinin ili ilinde vilayeti "
    "область области область' районе район направление направлении области обл край "
    "область області район районі напрямок напрямку обл "
    "شمال جنوب شرق غرب الشرقي الغربي الشمالي الجنوبي البلد المدينة الشرقية الغربية الشمالية الجنوبية "
)
#: Right after a name: it is not the place that is meant but its government, army or people.
ORGANISATIONS = _keys(
    "army arab backed forces government gov mod ministry president troops military says said claims claimed denies denied "
    "announces announced confirms confirmed warns warned accuses accused vows state's team fc united led today's "
    "sponsored allied aligned officials authorities embassy parliament regime people's media proxies "
    "заявил заявила заявили сообщает сообщил сообщили утверждает говорит опровергла требует "
    "заявив заявила заявили повідомляє повідомив стверджує каже "
    "ordusu hükümeti destekli savunma devlet "
)
COUNTRYSIDE = _keys(
    "countryside outskirts rural suburbs hinterland ريف بريف ضواحي محيط kırsalı kırsalında kırsal kırsalının "
    "окрестности окрестностях пригород пригороде сельской околиця околиці околицях передмістя פאתי פרברי حومه"
)
PROVINCE = _keys(
    "province oblast governorate region state محافظة ولاية إقليم vilayeti ili ilinde область области обл область області "
    "облает край מחוז استان"
)
NEAR = _keys(
    "near around outside vicinity close area towards toward direction front axis frontline "
    "قرب بالقرب باتجاه نحو محيط حول محور جبهة اتجاه "
    "yakınlarında yakınında yakın yakınları cephesi "
    "под около возле близ у направление направлении районе район "
    "під біля поблизу коло напрямок напрямку районі район "
    "ליד סמוך באזור לעבר نزدیک اطراف سوی جبهه محور"
)
DIRECTIONS = _keys(
    "north south east west northeast northwest southeast southwest northern southern eastern western "
    "شمال جنوب شرق غرب شرقي غربي شمالي جنوبي الشمالي الجنوبي الشرقي الغربي "
    "kuzeyinde güneyinde batısında doğusunda kuzey güney doğu batı "
    "севернее южнее западнее восточнее север юг запад восток північніше південніше західніше східніше північ південь захід схід "
    "צפון דרום מזרח מערב צפונית דרומית מזרחית מערבית"
)
KILOMETRES = _keys(
    'km kms kilometers kilometres kilometer kilometre км كم كيلومتر كيلو ק"מ کیلومتر kilometre'
)
MILES = _keys("mi miles mile")
#: After a place in a lower-case hashtag (#saraqibbattle).
HASHTAG_TAILS = (
    "battle", "war", "front", "underattack", "underfire", "now", "news", "massacre", "genocide", "offensive",
    "liberated", "city", "countryside", "airport", "airbase", "province", "strong", "attack", "explosion", "video",
    "updates", "today", "bombing", "camp", "siege", "live", "free", "fighting", "clashes", "conflict", "crisis",
)  # fmt: skip

#: Names of places that are also common words or names of persons: they need a locative word, however big.
COMMON_WORDS = frozenset(
    stem(fold(word))
    for word in ["of", "van", "bar", "man", "nice", "mobile", "same", "most", "split", "tours", "reading", "bath", "orange", "young", "hit", "sur", "sor", "kut", "batman", "ordu", "tire", "kale", "merkez", "bor", "bin", "sin", "mary", "victoria", "lincoln", "washington", "orlando", "jackson", "paris", "berlin", "roma", "rome", "santiago", "florence", "sydney", "san", "rai", "dana", "mare", "harem", "nawa", "hass", "bara", "shire", "midi", "hama", "goma", "mali", "chad", "jordan", "georgia", "turkey", "niger", "said", "salem", "media", "central", "union", "normal", "battle", "hope", "star", "moon", "sun", "center", "victory", "peace", "freedom", "liberty", "independence", "harad", "sham", "soba", "acre", "acres", "tyre", "bahri", "madani", "ali", "hassan", "hussein", "omar", "ahmed", "mahmoud", "ibrahim", "nasser", "saleh", "basra", "karim", "amal", "iman", "noor", "noura", "rose", "pearl", "crystal", "market", "general", "major", "colonel", "captain", "beach", "bell", "castle", "may", "march", "august", "monday", "adana", "kara", "ray", "ana", "maria", "lima", "lens", "chester", "boston", "dallas", "austin", "phoenix", "houston", "columbus", "charlotte", "aurora", "mesa", "enterprise", "plant", "forest", "garden", "golden", "green", "grove", "hill", "lake", "long", "meridian", "mountain", "spring", "summit", "sunrise", "temple", "troy", "union", "universal", "valley", "bay", "cork", "derby", "hull", "poole", "sale", "wells", "deal", "rugby", "battle", "engels", "kirov", "lenin", "pushkin", "gagarin", "marks", "صور", "الباب", "القصير", "الشجرة", "البيضاء", "العند", "الزهراء", "الحزم", "عين", "نوى", "عدن", "جبلة", "حجة", "الخيام", "بارا", "الجوف", "الجديدة", "الرمال", "عمران", "الخمس", "القدس", "الحي", "المدينة", "الشهداء", "النصر", "الحرية", "الوحدة", "الثورة", "السلام", "الفتح", "المنصورة", "الكرامة", "سوق", "دار", "رأس", "تل", "حارم", "حيان", "سان", "البارة", "سوبا", "ربك", "النور", "الأمل", "مدني", "طويلة", "بحري", "الأبيض", "البريج", "سلوك", "الشيخ", "علي", "حسن", "حسين", "محمد", "احمد", "يوسف", "ابراهيم", "صالح", "ناصر", "سعيد", "الحسن", "الحسين", "كريم", "جميل", "سليم", "خالد", "عمر", "الصفا", "المروة", "الهدى", "الوطن", "النهضة", "العرب", "الصحوة", "سلمى", "منى", "هدى", "رعد", "نجد", "حمد", "الرشيد", "زمزم", "дума", "тир", "лиман", "пески", "сана", "хама", "красное", "мир", "победа", "первомайский", "октябрьский", "новый", "рось", "ровно", "суми", "сумы", "орел", "орёл", "михайлов", "владимир", "николаев", "васильков", "макаров", "юрьев", "киров", "ленино", "пушкино", "суворов", "жуков", "тарас", "марко", "иванов", "петров", "зелёное", "зеленое", "весёлое", "веселое", "мирный", "счастье", "щастя", "щастья", "дружба", "надежда", "украинка", "україна", "вишневе", "вишневое", "красный", "советский", "комсомольск", "молодёжное", "привольное", "садовое", "степное", "лесное", "горное", "озёрное", "долина", "луч", "заря", "восход", "воля", "калинова", "роза", "сонячне", "світле", "лісове", "садове", "степове", "вільне", "привілля", "мирне", "дружне", "нове", "старе", "צור", "עזר", "נצר", "אור", "לוד", "גן", "תל", "אלון", "ארז", "אילן", "דן", "נחל", "רעים", "בארי", "עדן", "עמית", "גיל", "רון", "שחר", "אשל", "חרות", "מגן", "עוז", "מעלות", "יפו", "قم", "بم", "شوش", "اراك", "مرند", "بهار", "امید", "آزادشهر", "کلات"]
)
