//! Scripts that Letopis comes with: the texts and macros that every support team needs on its first day.
//!
//! They are installed as configuration like any other, so that they can be changed and retired. Their keys are fixed, so
//! that installing them again finds those that are there, changed or not.

use super::{CannedReply, Label, Macro, MacroStep, Template};
use crate::values::{HoldReason, Priority, ResolutionReason};

/// In which languages scripts are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Languages {
    /// По-русски.
    pub russian: bool,
    /// In English.
    pub english: bool,
}

impl Languages {
    /// Both.
    pub const BOTH: Self = Self {
        russian: true,
        english: true,
    };

    fn label(self, ru: &str, en: &str) -> Label {
        let Template { ru, en } = self.text(ru, en);
        Label { ru, en }
    }

    fn text(self, ru: &str, en: &str) -> Template {
        Template {
            ru: self.russian.then(|| ru.to_owned()),
            en: self.english.then(|| en.to_owned()),
        }
    }
}

/// What is said to whoever opened a ticket, unless the inbox has words of its own.
pub fn auto_reply() -> Template {
    Languages::BOTH.text(
        "Спасибо за обращение!\n\nВаша заявка № {{ticket.number}} принята.\nПриоритет: {{ticket.priority}}.\n\
         Мы ответим {{promise}}.",
        "Thank you for writing to us!\n\nWe have received your request no. {{ticket.number}}.\n\
         Priority: {{ticket.priority}}.\nWe will answer {{promise}}.",
    )
}

/// The quick replies: password reset, access to a course, a certificate.
pub fn canned_replies(languages: Languages) -> Vec<CannedReply> {
    let reply = |key: &str, name: (&str, &str), body: (&str, &str)| CannedReply {
        key: key.to_owned(),
        name: languages.label(name.0, name.1),
        body: languages.text(body.0, body.1),
        team_id: None,
    };
    vec![
        reply(
            "password_reset",
            ("Сброс пароля", "Password reset"),
            (
                "Чтобы сбросить пароль:\n\n1. На странице входа нажмите «Забыли пароль?».\n2. Введите адрес, с которым вы \
                 регистрировались.\n3. Перейдите по ссылке из письма и задайте новый пароль.\n\nПисьмо приходит за несколько \
                 минут. Если его нет, проверьте папку «Спам» и напишите нам: мы поможем.",
                "To reset your password:\n\n1. On the sign-in page choose \"Forgot your password?\".\n2. Enter the address \
                 that you registered with.\n3. Follow the link in the mail and choose a new password.\n\nThe mail comes \
                 within a few minutes. If it does not, look into your spam folder and write to us: we will help.",
            ),
        ),
        reply(
            "course_access",
            ("Доступ к курсу", "Access to a course"),
            (
                "Чтобы открыть курс:\n\n1. Войдите с адресом, на который оформлен доступ.\n2. Откройте раздел «Мои курсы».\n\
                 3. Если курса там нет, обновите страницу и проверьте, прошла ли оплата.\n\nЕсли доступа всё ещё нет, \
                 пришлите название курса и адрес, с которым вы регистрировались.",
                "To open a course:\n\n1. Sign in with the address that has the access.\n2. Open \"My courses\".\n3. If the \
                 course is not there, reload the page and check whether the payment went through.\n\nIf there is still no \
                 access, send us the name of the course and the address that you registered with.",
            ),
        ),
        reply(
            "certificate_issue",
            ("Проблемы с сертификатом", "Certificate issues"),
            (
                "Сертификат появляется в разделе «Мои достижения» после того, как выполнены все задания курса.\n\n\
                 Если задания выполнены, а сертификата нет или в нём ошибка, пришлите название курса и имя так, как оно \
                 должно быть написано: мы выпустим сертификат заново.",
                "The certificate appears under \"My achievements\" once all tasks of the course are done.\n\nIf they are done \
                 and there is no certificate, or it has a mistake, send us the name of the course and your name as it \
                 should be written: we will issue the certificate again.",
            ),
        ),
    ]
}

/// The macros: greeting, asking for more, escalation, closing with a solution and without.
pub fn macros(languages: Languages) -> Vec<Macro> {
    let closing = closings(languages);
    [greeting(languages), ask_more_info(languages), escalation(languages)]
        .into_iter()
        .chain(closing)
        .collect()
}

fn script(languages: Languages, key: &str, (ru, en): (&str, &str), steps: Vec<MacroStep>) -> Macro {
    Macro {
        key: key.to_owned(),
        name: languages.label(ru, en),
        steps,
        team_id: None,
    }
}

fn greeting(languages: Languages) -> Macro {
    let body = languages.text(
        "Здравствуйте, {{contact.name}}!\n\nМеня зовут {{agent.name}}, я занимаюсь вашей заявкой № {{ticket.number}}.",
        "Hello {{contact.name}},\n\nmy name is {{agent.name}}, and I am working on your request no. {{ticket.number}}.",
    );
    let steps = vec![MacroStep::Take {}, MacroStep::Reply { body }];
    script(languages, "greeting", ("Приветствие", "Greeting"), steps)
}

fn ask_more_info(languages: Languages) -> Macro {
    let body = languages.text(
        "Чтобы разобраться, нам нужно знать больше: что вы делали, что ожидали увидеть и что увидели? Если можно, \
         приложите снимок экрана.",
        "To look into it we need to know more: what did you do, what did you expect, and what did you see? Please attach \
         a screenshot if you can.",
    );
    let hold = MacroStep::Hold {
        reason: HoldReason::Customer,
    };
    let name = ("Запрос дополнительной информации", "Ask for more information");
    script(languages, "ask_more_info", name, vec![MacroStep::Reply { body }, hold])
}

fn escalation(languages: Languages) -> Macro {
    let note = languages.text(
        "Нужна помощь старших: заявка № {{ticket.number}} «{{ticket.subject}}».",
        "Senior colleagues are needed: request no. {{ticket.number}} \"{{ticket.subject}}\".",
    );
    let body = languages.text(
        "Мы передали вашу заявку № {{ticket.number}} специалистам и вернёмся с ответом.",
        "We have passed your request no. {{ticket.number}} on to our specialists and will come back to you.",
    );
    let raise = MacroStep::Prioritize {
        priority: Priority::High,
    };
    let steps = vec![raise, MacroStep::Note { body: note }, MacroStep::Reply { body }];
    script(languages, "escalation", ("Эскалация", "Escalation"), steps)
}

fn closings(languages: Languages) -> [Macro; 2] {
    let closing = |key, name, (ru, en): (&str, &str), reason| {
        let body = languages.text(ru, en);
        let steps = vec![
            MacroStep::Reply { body },
            MacroStep::Resolve { reason },
            MacroStep::Close { reason },
        ];
        script(languages, key, name, steps)
    };
    let solved = (
        "Ваша заявка № {{ticket.number}} решена. Если вопрос остался, просто ответьте на это сообщение.",
        "Your request no. {{ticket.number}} is solved. If anything is left, just answer this message.",
    );
    let not_solved = (
        "К сожалению, решить вашу заявку № {{ticket.number}} не удалось. Если появится новая информация, ответьте на это \
         сообщение: мы вернёмся к ней.",
        "We are sorry: we could not solve your request no. {{ticket.number}}. If you have anything new, answer this \
         message and we will look at it again.",
    );
    let with = ("Закрытие с решением", "Close with a solution");
    let without = ("Закрытие без решения", "Close without a solution");
    [
        closing("close_with_solution", with, solved, ResolutionReason::Solved),
        closing(
            "close_without_solution",
            without,
            not_solved,
            ResolutionReason::NotSolved,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Languages, auto_reply, canned_replies, macros};
    use crate::organisation::{AutoReply, Checked, Inbox, Promises};

    #[test]
    fn what_is_shipped_is_acceptable_in_each_choice_of_languages() {
        let one = |russian| Languages {
            russian,
            english: !russian,
        };
        for languages in [Languages::BOTH, one(true), one(false)] {
            assert_eq!(canned_replies(languages).len(), 3);
            for it in canned_replies(languages) {
                Checked::try_new(it).unwrap();
            }
            assert_eq!(macros(languages).len(), 5);
            for it in macros(languages) {
                Checked::try_new(it).unwrap();
            }
        }
        let inbox = Inbox {
            name: "Почта".to_owned(),
            channel: crate::organisation::Channel::Api,
            branch_id: None,
            allowed_domains: vec![],
            feature_flags: vec![],
            active: true,
            auto_reply: Some(AutoReply {
                enabled: true,
                body: auto_reply(),
                promises: Promises::default(),
            }),
            file_max_bytes: None,
            file_types: Vec::new(),
            retention: None,
        };
        Checked::try_new(inbox).unwrap();
    }
}
