# ruff: noqa: E501, RUF001 - sentences of many languages, each on its line
"""The language of answers: sentences as a help desk writes them, and what nothing is said of."""

import pytest

from functions.core.domain.guards.answer.language import LANGUAGES, language_of

SENTENCES = {
    "en": [
        "Your refund was sent today and will reach your account within three days.",
        "We are sorry for the delay with your order.",
        "Please reset the password in your settings, then sign in again.",
        "The invoice has been corrected and the amount was credited.",
        "Thank you for your message, our team will look into this.",
    ],
    "de": [
        "Ihre Rückerstattung wurde heute veranlasst und ist in drei Tagen auf Ihrem Konto.",
        "Es tut uns leid, dass sich Ihre Bestellung verzögert hat.",
        "Bitte setzen Sie das Passwort in den Einstellungen zurück.",
        "Die Rechnung wurde korrigiert und der Betrag gutgeschrieben.",
        "Vielen Dank für Ihre Nachricht, wir kümmern uns darum.",
    ],
    "fr": [
        "Votre remboursement a été envoyé aujourd'hui et arrivera dans trois jours.",
        "Nous sommes désolés du retard de votre commande.",
        "Veuillez réinitialiser le mot de passe dans les paramètres de votre compte.",
        "La facture a été corrigée et le montant vous a été crédité.",
        "Merci pour votre message, nous allons examiner la question.",
    ],
    "es": [
        "Su reembolso fue enviado hoy y llegará a su cuenta en tres días.",
        "Lamentamos el retraso con su pedido y las molestias causadas.",
        "Por favor, restablezca la contraseña en los ajustes de su cuenta.",
        "La factura se ha corregido y el importe se ha abonado.",
        "Gracias por su mensaje, nuestro equipo lo revisará pronto.",
    ],
    "it": [
        "Il rimborso è stato inviato oggi e arriverà sul suo conto entro tre giorni.",
        "Ci scusiamo per il ritardo del suo ordine.",
        "La preghiamo di reimpostare la password nelle impostazioni del conto.",
        "La fattura è stata corretta e l'importo accreditato.",
        "Grazie per il messaggio, il nostro gruppo lo esaminerà.",
    ],
    "pt": [
        "O seu reembolso foi enviado hoje e chegará à sua conta em três dias.",
        "Pedimos desculpa pelo atraso com a sua encomenda.",
        "Por favor, redefina a senha nas configurações da sua conta.",
        "A fatura foi corrigida e o valor foi creditado.",
        "Obrigado pela sua mensagem, a nossa equipa vai verificar isso.",
    ],
    "nl": [
        "Uw terugbetaling is vandaag verzonden en staat binnen drie dagen op uw rekening.",
        "Het spijt ons dat uw bestelling vertraagd is.",
        "Stel het wachtwoord opnieuw in bij de instellingen van uw account.",
        "De factuur is gecorrigeerd en het bedrag is bijgeschreven.",
        "Dank u voor uw bericht, wij gaan ernaar kijken.",
    ],
    "sv": [
        "Din återbetalning har skickats i dag och kommer till ditt konto inom tre dagar.",
        "Vi ber om ursäkt för att din beställning är försenad.",
        "Återställ lösenordet i inställningarna och logga in på nytt.",
        "Fakturan har rättats och beloppet är inte längre öppet.",
        "Tack för ditt meddelande, vi ska titta på det.",
    ],
    "da": [
        "Din tilbagebetaling er sendt i dag og vil være på din konto inden for tre dage.",
        "Vi beklager, at din bestilling er blevet forsinket af en fejl.",
        "Nulstil venligst adgangskoden i indstillingerne, og log ind igen efter det.",
        "Fakturaen er blevet rettet, og beløbet blev krediteret.",
        "Tak for din besked, vi ser på det.",
    ],
    "no": [
        "Tilbakebetalingen ble sendt i dag og vil være på kontoen din innen tre dager.",
        "Vi beklager at bestillingen din er blitt forsinket av en feil.",
        "Vennligst tilbakestill passordet i innstillingene og logg inn igjen.",
        "Fakturaen ble rettet, og beløpet er ikke lenger åpent.",
        "Takk for meldingen din, vi skal se på det etter helgen.",
    ],
    "fi": [
        "Palautuksesi on lähetetty tänään ja se on tililläsi kolmen päivän kuluttua.",
        "Olemme pahoillamme, että tilauksesi on viivästynyt.",
        "Vaihda salasana asetuksissa ja kirjaudu sitten uudelleen sisään, jos voit.",
        "Lasku on korjattu, mutta hyvitys ei ole vielä näkyvissä.",
        "Kiitos viestistäsi, tutkimme asiaa ja palaamme siihen myös huomenna.",
    ],
    "pl": [
        "Zwrot został dziś wysłany i będzie na koncie w ciągu trzech dni.",
        "Przepraszamy za opóźnienie w realizacji zamówienia.",
        "Prosimy zresetować hasło w ustawieniach konta i zalogować się ponownie.",
        "Faktura została poprawiona, a kwota jest już na koncie.",
        "Dziękujemy za wiadomość, nasz zespół się tym zajmie.",
    ],
    "cs": [
        "Vaše peníze byly dnes odeslány a budou na účtu do tří dnů.",
        "Omlouváme se, že se vaše objednávka zpozdila.",
        "Prosím obnovte si heslo v nastavení a přihlaste se znovu.",
        "Faktura byla opravena a částka je připsána na účet.",
        "Děkujeme za vaši zprávu, náš tým se na to podívá.",
    ],
    "hu": [
        "A visszatérítést ma elküldtük, és három nap múlva az ön számláján lesz.",
        "Sajnáljuk, hogy a rendelés késik.",
        "Kérjük, állítsa vissza a jelszót a beállításokban.",
        "A számlát javítottuk, és az összeg már jóvá van írva.",
        "Köszönjük az üzenetet, meg fogjuk nézni ezt a kérdést.",
    ],
    "ro": [
        "Rambursarea a fost trimisă astăzi și va ajunge în cont în trei zile.",
        "Ne pare rău pentru întârzierea comenzii dumneavoastră.",
        "Vă rugăm să resetați parola din setările contului.",
        "Factura a fost corectată și suma este creditată.",
        "Vă mulțumim pentru mesaj, echipa noastră va verifica acest lucru.",
    ],
    "tr": [
        "Geri ödemeniz bugün gönderildi ve üç gün içinde hesabınızda olacak.",
        "Siparişinizdeki gecikme için çok üzgünüz.",
        "Lütfen ayarlardan parolanızı sıfırlayın ve tekrar giriş yapın.",
        "Fatura düzeltildi ve tutar hesabınıza yatırıldı, daha fazla ödeme gerekli değil.",
        "Mesajınız için teşekkür ederiz, bu konuyu inceleyeceğiz.",
    ],
    "ru": [
        "Ваш возврат был отправлен сегодня и поступит на счёт в течение трёх дней.",
        "Мы сожалеем о задержке вашего заказа, это наша ошибка.",
        "Пожалуйста, сбросьте пароль в настройках и войдите снова, если вы забыли его.",
    ],
    "uk": [
        "Ваше повернення було надіслано сьогодні і надійде на рахунок протягом трьох днів.",
        "Нам шкода, що ваше замовлення затримується.",
        "Будь ласка, змініть пароль у налаштуваннях і увійдіть знову.",
    ],
    "bg": [
        "Вашето възстановяване беше изпратено днес и ще бъде по сметката ви до три дни.",
        "Съжаляваме за забавянето на вашата поръчка, грешката е наша.",
    ],
    "el": [
        "Η επιστροφή χρημάτων στάλθηκε σήμερα και θα φτάσει σε τρεις ημέρες.",
    ],
    "he": [
        "ההחזר שלך נשלח היום ויגיע לחשבון תוך שלושה ימים.",
    ],
    "ar": [
        "تم إرسال المبلغ اليوم وسيصل إلى حسابكم خلال ثلاثة أيام.",
    ],
    "fa": [
        "بازپرداخت شما امروز ارسال شد و تا سه روز دیگر به حساب شما می‌رسد، لطفا کمی صبر کنید و گزارش دهید.",
    ],
    "hi": [
        "आपका धनवापसी आज भेज दिया गया है और तीन दिनों में आपके खाते में आ जाएगा।",
    ],
    "ja": [
        "返金は本日送信されました。三日以内に口座に届きます。",
    ],
    "zh": [
        "退款已于今天发出，将在三天内到达您的账户。",
    ],
    "ko": [
        "환불은 오늘 발송되었으며 사흘 안에 계좌에 도착합니다.",
    ],
    "th": [
        "การคืนเงินถูกส่งวันนี้และจะถึงบัญชีของคุณภายในสามวัน",
    ],
}
EACH = [(language, text) for language, texts in SENTENCES.items() for text in texts]


def test_every_language_has_sentences() -> None:
    """One that is added needs some here, or nobody has measured it."""
    assert set(SENTENCES) == set(LANGUAGES)


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_a_sentence_is_never_taken_for_another_language(language: str) -> None:
    """Not told at worst: neighbours share their small words."""
    assert {language_of(text) for text in SENTENCES[language]} <= {language, None}


def test_nine_of_ten_sentences_are_told() -> None:
    """Ten words each; together they are paragraphs, and each of those is told."""
    told = [language_of(text) == language for language, text in EACH]

    assert sum(told) / len(told) >= 0.9
    assert {name: language_of(" ".join(texts)) for name, texts in SENTENCES.items()} == {
        name: name for name in SENTENCES
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "billing",
        "Thank you",
        "2026-11-23 12:00",
        "Kubernetes Docker Terraform Ansible Prometheus",
        "https://example.com/the/and/of/is/to/in/that/you",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit",
        "Спасибо большое thank you very much",
    ],
)
def test_nothing_is_said_of_what_is_short_or_no_language(text: str) -> None:
    """A label, a name or an address breaks no rule."""
    assert language_of(text) is None
