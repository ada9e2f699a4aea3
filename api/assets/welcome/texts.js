"use strict";

// What the page says, in the languages of the product.

const LETOPIS_TEXTS = {
  en: {
    title: "Welcome to Letopis",
    linkIntro: "Choose the password with which you will sign in.",
    newPassword: "New password, 10 to 200 characters",
    repeated: "The same once more",
    setPassword: "Set the password",
    signInIntro: "Sign in.",
    email: "E-mail",
    password: "Password",
    code: "Code of the second factor",
    signIn: "Sign in",
    differ: "The two passwords differ: type the same one twice.",
    incomplete: "The link is incomplete: open it as it stands in the mail.",
    passwordSet: (user) => `The password is set, and the account works: ${user}. Sign in with it from now on.`,
    passwordSetCode: "The password is set. Sign in with it and with a code of your second factor.",
    signedIn: (user) => `You are signed in: ${user}. The account works; you can close this page.`,
    unreachable: "The server does not answer: try again in a moment.",
  },
  ru: {
    title: "Добро пожаловать в Летопись",
    linkIntro: "Придумайте пароль, с которым вы будете входить.",
    newPassword: "Новый пароль, от 10 до 200 символов",
    repeated: "Ещё раз тот же",
    setPassword: "Задать пароль",
    signInIntro: "Войдите.",
    email: "Электронная почта",
    password: "Пароль",
    code: "Код второго фактора",
    signIn: "Войти",
    differ: "Пароли различаются: введите дважды один и тот же.",
    incomplete: "Ссылка неполная: откройте её так, как она стоит в письме.",
    passwordSet: (user) => `Пароль задан, учётная запись работает: ${user}. Теперь входите с ним.`,
    passwordSetCode: "Пароль задан. Войдите с ним и с кодом второго фактора.",
    signedIn: (user) => `Вы вошли: ${user}. Учётная запись работает; страницу можно закрыть.`,
    unreachable: "Сервер не отвечает: попробуйте ещё раз чуть позже.",
  },
};
