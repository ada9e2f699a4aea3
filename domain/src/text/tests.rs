use super::{around_first, highlighted, near, other_layout, sound, term, terms, words};

fn family(word: &str) -> String {
    let word: Vec<String> = words(word).collect();
    assert_eq!(word.len(), 1, "{word:?}");
    term(&word[0]).family
}

#[test]
fn forms_and_kin_are_one_family() {
    for kin in [
        "заявка заявки заявок заявкой заявками заявку",
        "возврат возврата вернули вернуть возвращать возвращение верните возвращён",
        "оплата оплатить оплачивать оплачено платёж платежа платежей оплатил",
        "ошибка ошибок ошибки ошибкой",
        "загрузка загрузить загружать загружается загрузок",
        "отмена отменить отменять отменили отменён",
        "доставка доставить доставлять доставлено доставок",
        "обновление обновить обновлять обновлён обновления",
        "списание списать списали списания списаний",
        "настройка настроить настроек настраивать",
        "письмо писем письма письмом",
        "деньги денег деньгами деньгам",
        "звонок звонка звонить звонили позвоните звонков",
        "вход войти вошёл входить входа",
        "покупка купить купил покупок покупать",
        "подтвердить подтверждение подтверждать подтвердите",
        "ответ ответить отвечать ответили отвечает",
        "удалить удаление удалён удалять удалили",
        "сертификат сертификата сертификаты сертификатов",
        "кнопка кнопок кнопку кнопки",
        "диплом диплома дипломы дипломов дипломом дипломами",
        "симптом симптомы симптомов симптомами",
        "альбом альбомы альбомов",
        "проблема проблем проблемы проблемой проблемами",
        "система систем системы системе",
        "паром парома паромы паромов",
        "приём приёма приёмы приёмом",
        "пропустить пропущен пропущено",
        "payment paid pay pays",
        "refund refunds refunded refunding",
    ] {
        let all: Vec<String> = kin.split(' ').map(family).collect();
        let odd: Vec<(&str, &String)> = kin.split(' ').zip(&all).filter(|(_, it)| **it != all[0]).collect();
        assert!(odd.is_empty(), "{kin}: {} is not {odd:?}", all[0]);
    }
}

#[test]
fn different_things_are_not_kin() {
    let words = [
        "заявка",
        "возврат",
        "оплата",
        "ошибка",
        "загрузка",
        "отмена",
        "доставка",
        "обновление",
        "письмо",
        "деньги",
        "звонок",
        "пароль",
        "сертификат",
        "курс",
        "урок",
        "преподаватель",
        "телефон",
        "принтер",
        "договор",
        "счёт",
        "адрес",
        "заказ",
        "товар",
        "скидка",
        "акция",
        "карта",
        "карточка",
        "почта",
        "сайт",
        "страница",
    ];
    for (place, one) in words.iter().enumerate() {
        for other in &words[place + 1..] {
            assert_ne!(family(one), family(other), "{one} {other}");
        }
    }
}

#[test]
fn words_are_letters_and_digits_in_one_spelling() {
    let found: Vec<String> = words("Счёт №42-Б: user@Example.com, ЁЛКА\u{301}!").collect();
    assert_eq!(
        found,
        ["счет", "no42", "б", "user", "example", "com", "елка\u{301}"].map(|it| it.replace('\u{301}', ""))
    );
    assert_eq!(words(&"a".repeat(41)).count(), 0);
    assert_eq!(terms("").count(), 0);
}

#[test]
fn keys_of_the_other_layout_read_back() {
    for (typed, meant) in [
        ("ghbdtn", "привет"),
        ("djpdhfn", "возврат"),
        ("[jxe", "хочу"),
        ("зфньуте", "payment"),
    ] {
        assert_eq!(other_layout(typed).as_deref(), Some(meant));
    }
    assert_eq!(other_layout("привет hello"), None);
    assert_eq!(other_layout("42"), None);
}

#[test]
fn misspelt_words_sound_or_look_alike() {
    for (one, other) in [
        ("возврат", "вазврат"),
        ("сертификат", "сиртификат"),
        ("программа", "програма"),
        ("refund", "refand"),
    ] {
        assert_eq!(sound(one), sound(other), "{one} {other}");
    }
    for (one, other) in [
        ("оплата", "опалта"),
        ("пароль", "пароьл"),
        ("договор", "догоор"),
        ("invoice", "invocie"),
    ] {
        let near_other = near(other);
        assert!(near(one).iter().any(|it| near_other.contains(it)), "{one} {other}");
    }
    assert!(sound("код").is_none() && near("код").is_empty() && near("a1b2c3").is_empty());
}

#[test]
fn found_words_are_marked_in_any_form() {
    let marked = |text: &str, query: &str| -> String {
        let pieces = highlighted(text, query);
        let whole: String = pieces.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(whole, text);
        let shown = pieces.iter().map(|it| {
            if it.found {
                format!("[{}]", it.text)
            } else {
                it.text.clone()
            }
        });
        shown.collect()
    };
    assert_eq!(
        marked("Верните деньги, №42!", "возврат денег"),
        "[Верните] [деньги], №42!"
    );
    assert_eq!(marked("Нет сертификата.", "сиртификат"), "Нет [сертификата].");
    assert_eq!(marked("Привет", "ghbdtn"), "[Привет]");
    assert_eq!(marked("", "x"), "");
}

#[test]
fn long_text_is_cut_around_the_first_word_that_was_found() {
    let text = format!("{} деньги {} деньги", "а ".repeat(100), "б ".repeat(100));
    let shown = around_first(highlighted(&text, "деньги"), 10);
    let whole: String = shown.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(whole, " а а а а  деньги б б б б б");
    assert_eq!(shown.iter().filter(|it| it.found).count(), 1);
    let none = highlighted("ничего", "деньги");
    assert_eq!(around_first(none.clone(), 1), none);
    let short = highlighted("верните деньги", "деньги");
    assert_eq!(around_first(short.clone(), 100), short);
}
