# ruff: noqa: E501, RUF001 - long lists; words of other scripts look like Latin ones
"""The words that speech acts are made of, in several languages, each under a one-letter class.

A text becomes a string of classes, one letter a word (`acts`); the same few patterns over that
string then hold for every language here. Words are written folded: lower case, Latin letters
without accents. A phrase is one entry and takes precedence over its words. The words were chosen
from what published catalogues of prompt injection describe (OWASP LLM01, garak's and PyRIT's
probes, the BIPIA and InjecGuard papers), translated by hand, and completed with synonyms.
"""

from collections.abc import Iterator, Mapping
from typing import Final

OTHER: Final = "."
STOP: Final = "|"
MODEL: Final = "m"

CLASSES: Final[Mapping[str, str]] = {
    "o": "to set aside",
    "i": "what was told to a model",
    "g": "rules and limits",
    "p": "before this",
    "a": "all",
    "y": "you",
    "m": "a model",
    "r": "to show",
    "s": "what is not to be shown",
    "S": "what came before, by another name",
    "x": "a secret",
    "c": "to pretend",
    "u": "without limits",
    "n": "not",
    "e": "right and wrong",
    "d": "to answer",
    "q": "always, must",
    "t": "from now on",
    "w": "instead, the following",
    "k": "a persona",
    "j": "a name of a jailbreak",
    "z": "an encoding",
    "v": "to do something outside",
    "h": "harmless, though it begins like something else",
    "b": "kept inside",
    "l": "not allowed to",
}

_ENGLISH: Final = {
    "o": """ignore, ignoring, disregard, disregarding, forget, override, overrides, overriding,
        bypass, bypassing, neglect, overlook, discard, dismiss, circumvent, violate, disobey, unlearn,
        pay no attention to, do not follow, don't follow, stop following, throw away, set aside,
        do not obey, don't obey, no longer follow, abandon, nullify, supersede, supersedes, evade""",
    "i": """instructions, instruction, directions, directive, directives, orders, prompt, prompts,
        commands, programming, context, conversation, conversations, training, guidance,
        preprompt, premise, briefing, told, have learent, have learned, learned before""",
    "g": """rules, rule, guidelines, guideline, restrictions, restriction, policies, policy, guardrails,
        guardrail, constraints, limitations, limitation, limits, boundaries, safeguards, filters,
        filter, filtering, censorship, protocols, safety measures, content policy, content policies,
        usage policies, confines, barriers, safety""",
    "p": """previous, previously, prior, above, preceding, earlier, before, foregoing, initial,
        original, beginning, existing, former, past, so far, up to now, pre-existing, other, given,
        preprogrammed, at the top, at the start, up to this point""",
    "a": "all, any, every, everything, anything, whatever, entire, whole, full, verbatim, word for word",
    "y": "you, your, yours, yourself, you're, you'll, you've, u, ur, youre, youll, thou",
    "m": """chatgpt, gpt, gpt-3, gpt-4, gpt4, gpt-3.5, gpt3, assistant, ai, llm, llms, chatbot, bot,
        claude, gemini, bard, copilot, llama, openai, anthropic, language model, language models,
        virtual assistant, ai model, large language model, smartgpt, al model, neural network,
        artificial intelligence, this model, the model""",
    "r": """reveal, reveals, show, print, display, output, repeat, leak, disclose, dump, expose, recite,
        echo, list, tell me, what is, what's, what are, what were, give me, share, provide, write out,
        regurgitate, quote, copy, paste, return, spell, reproduce, describe, summarize, summarise, tell, state,
        console, cat, log, say, translate, convert, explain, append, include, render""",
    "s": """system prompt, systemprompt, system_prompt, initial prompt, hidden prompt, sysprompt,
        system instructions, system message, developer message, system configuration,
        hidden instructions, secret instructions, internal instructions, prompt text,
        internal rules, system rules, developer instructions, meta prompt, confidential instructions,
        initial instructions, what were you told, were you given, your context window,
        core instructions, base instructions, your system prompt, your directives,
        your initial, conversation started, conversation began""",
    "S": """your instructions, your prompt, your system, your configuration, text above,
        words above, lines above, everything above, content above, message above, the above,
        prompt above, you were told, you were given, this conversation, conversation history,
        everything before, original instructions""",
    "b": "system, internal, hidden, exact, core, underlying, first, configuration, confidential, complete",
    "l": """not supposed to, not allowed to, forbidden to, prohibited from, not permitted to,
        aren't allowed to, aren't supposed to, not meant to, instructed not to, told not to""",
    "x": """password, passwords, passcode, secret, secrets, credential, credentials, api key, api keys,
        secret key, private key, access token, security code, secret word, confidential, pin code,
        social security number, credit card, birth date, ssn""",
    "c": """act, acting, pretend, pretending, roleplay, role-play, roleplaying, role play, simulate,
        simulating, simulator, imagine, behave, become, embody, impersonate, emulate, immerse, persona,
        play the role, take on the role, play a game, take the role, assume the role, adopt, respond as,
        answer as, speak as, reply as, hypothetical, hypothetically, fictional, fictitious, simulation,
        imitate, mimic, portray, you are now, you will be, you are going to be, transform, transformed,
        turn into""",
    "u": """unfiltered, uncensored, unrestricted, unlimited, unbound, unhinged, unchained, amoral,
        unethical, unethically, illegal, illegally, immoral, immorally, jailbroken, evil, limitless,
        unaligned, offensive, nsfw, inhumane, harmful, dangerous, reckless, inappropriate, unverified,
        controversial, malicious, unconditionally, uncensorship, swear, swears, curse, cursing, profanity,
        vulgar, obscene, explicit, violent, rude, sarcastic, derogatory, hateful, depraved, sadistic,
        cruel, no matter what, no matter how, questionable, dubious, criminal, manipulative, deceptive,
        unapologetic, unapologetically, broken free, free of the, freed from, free from""",
    "n": """no, not, never, without, don't, dont, doesn't, isn't, aren't, cannot, can't, won't, nor, neither,
        regardless, regarding, lacking, lacks, lack, zero, free, disregards, unable, refuse, refuses,
        refusing, refusal, refrain, avoid, decline, hesitation, hesitate, break, breaking, ignores, absent,
        bypasses, devoid, removed, disabled, remove, disable, turned off, exempt, hasn't, needn't""",
    "e": """ethics, ethic, ethical, ethically, moral, morals, morality, morally, legal, legality, law, laws,
        consequences, warnings, warning, disclaimer, disclaimers, apologize, apologies, apology, remorse,
        conscience, judgement, judgment, scruples, bias, principles, humanity, empathy, norms""",
    "d": """respond, responds, answer, answers, reply, replies, response, responses, answering, responding,
        replying, speak, begin your, start your, begin with, start with, end with, prefix, output,
        generate, message, messages, comply, complies, obey, obeys, confirm, acknowledge, say""",
    "q": """always, must, only, exactly, forever, indefinitely, immediately, strictly, at all times, have to,
        required to, under no circumstances, at any cost, no exceptions, in any case, by all means""",
    "t": """from now on, from now, from this moment, henceforth, starting now, from here on, now on,
        going forward, for the rest of, for the remainder, until i say, until told otherwise,
        from this point, moving forward, this moment onwards, effective immediately, new session""",
    "w": """instead, do the following, the following instead, new instructions, new instruction,
        new task, your new task, your task is, your job is, your goal is, your only, real task, actual task,
        updated instructions, new rules, new orders, new prompt, important instruction, priority override,
        additional instructions, final instruction, in addition to the other, main goal, true goal,
        primary directive, new objective, here is your, next instruction, task for you, before you answer,
        before answering, after that, once you have done, once done, note to the, attention""",
    "k": """stay in character, staying in character, stays in character, out of character, break character,
        in character, remain in character, your character, personality, alter ego, as yourself, two ways,
        two responses, two different, two answers, two distinct, both ways, dual response, evil twin,
        opposite mode, first response, second response, second way, first way, normal response,
        other personality, two paragraphs, standard response, regular response, opinions, feelings,
        emotions, sentient, conscious, consciousness, backstory, free will, tokens, true self""",
    "j": """dan, dans, do anything now, do anything, developer mode, jailbreak, jailbreaks, jailbreaking, dev mode, god mode,
        admin mode, debug mode, sudo, sudo mode, root mode, maintenance mode, opposite day, aim, stan, dude,
        bypass mode, evil mode, chaos mode, anti-dan, machiavellian, unfilteredgpt, freegpt, badgpt,
        evilbot, basedgpt, virtual machine, simulation mode, unfiltered mode, unrestricted mode,
        administrator override, admin override, override code, system override, can do anything,
        say anything, jailbroken mode, maximum mode, token system, training mode, test mode""",
    "z": """base64, base-64, rot13, rot-13, hexadecimal, hex, morse, caesar, cipher, leetspeak, backwards,
        reversed, pig latin, ascii, binary, reverse""",
    "v": """send, sends, forward, forwards, email, e-mail, post, upload, transfer, wire, delete, invite, book,
        exfiltrate, submit, execute, run, download, open, modify, change, update, call, fetch, concatenate,
        visit, click, share, install, pay, purchase, cancel, remove, create, schedule""",
    "h": """your prompt reply, your prompt response, your prompt answer, your prompt payment,
        your prompt attention, your prompt action, your prompt service, your prompt help,
        your prompt delivery, your prompt and, previous order, previous orders, first order""",
}
_GERMAN: Final = {
    "o": "ignoriere, ignorieren, ignorier, missachte, vergiss, vergessen, uberschreibe, umgehe, verwirf, beachte nicht",
    "i": "anweisungen, anweisung, instruktionen, befehle, vorgaben, aufforderungen, eingabeaufforderung, kontext",
    "g": "regeln, richtlinien, einschrankungen, beschrankungen, filter, grenzen, vorschriften",
    "p": "vorherigen, vorherige, vorigen, obigen, obige, bisherigen, bisherige, fruheren, vorangegangenen, ursprunglichen, zuvor, oben, davor",
    "a": "alle, allen, alles, jede, samtliche",
    "y": "du, dein, deine, deinen, deiner, dich, dir, ihre, sie",
    "m": "ki, sprachmodell, assistent, kunstliche intelligenz",
    "r": "zeige, zeig, gib, ausgeben, verrate, wiederhole, nenne, offenbare, drucke, ubersetze, schreibe",
    "s": "systemprompt, system-prompt, systemanweisungen, systemnachricht, deine anweisungen, deine regeln, systemeinstellungen, deine anfanglichen",
    "x": "passwort, kennwort, geheimnis, zugangsdaten, schlussel",
    "c": "spiele die rolle, tu so, verhalte dich, handle als, stell dir vor, du bist jetzt, du bist nun, schlupfe in die rolle, benimm dich",
    "n": "keine, kein, keinen, nicht, ohne, niemals, nie",
    "t": "ab jetzt, von nun an, ab sofort, von jetzt an, fortan",
    "w": "stattdessen, folgendes, neue anweisungen, neue anweisung, neue aufgabe, deine aufgabe ist",
    "d": "antworte, antworten, antwort, beantworte, sag, sage",
    "q": "immer, nur, musst, ausschliesslich",
    "u": "ungefiltert, unzensiert, uneingeschrankt, illegal, unmoralisch",
    "e": "moral, ethik, gesetze, konsequenzen, moralisch, ethisch",
}
_FRENCH: Final = {
    "o": "ignore, ignorez, ignorer, oublie, oubliez, oublier, neglige, contourne, outrepasse, ne tiens pas compte, ne tenez pas compte, fais abstraction",
    "i": "instructions, instruction, consignes, consigne, directives, ordres, invites, contexte, commandes",
    "g": "regles, restrictions, limites, filtres, contraintes, politiques",
    "p": "precedentes, precedents, precedente, precedent, anterieures, anterieurs, ci-dessus, initiales, avant, plus haut, d'origine",
    "a": "toutes, tous, tout, toute",
    "y": "tu, ton, ta, tes, toi, vous, votre, vos, tu es",
    "m": "ia, modele de langage, assistante",
    "r": "affiche, affichez, montre, montrez, revele, revelez, repete, repetez, donne, donnez-moi, donne-moi, imprime, dis-moi, ecris, traduis",
    "s": "prompt systeme, invite systeme, tes instructions, vos instructions, instructions systeme, message systeme, tes consignes, texte ci-dessus",
    "x": "mot de passe, mots de passe, identifiants, cle secrete",
    "c": "agis comme, agissez comme, fais semblant, joue le role, jouez le role, fais comme si, comporte-toi, imagine que, tu es maintenant, vous etes maintenant",
    "n": "sans, jamais, pas, aucune, aucun",
    "t": "desormais, a partir de maintenant, dorenavant, a compter de maintenant",
    "w": "a la place, fais ce qui suit, nouvelles instructions, nouvelle tache, ta tache est, nouvelle instruction",
    "d": "reponds, repondez, reponse, dis",
    "q": "toujours, uniquement, seulement, dois, devez",
    "u": "non filtre, non censure, sans filtre, illegal, immoral",
    "e": "morale, ethique, lois, consequences",
}
_SPANISH: Final = {
    "o": "ignora, ignore, ignorar, olvida, olvide, olvidate, omite, omitir, descarta, haz caso omiso, hagas caso, desobedece, no sigas, pasa por alto",
    "i": "instrucciones, instruccion, indicaciones, ordenes, directrices, mensajes, contexto, comandos",
    "g": "reglas, restricciones, limites, normas, filtros, politicas, limitaciones",
    "p": "anteriores, anterior, previas, previos, previa, de arriba, precedentes, iniciales, originales, antes",
    "a": "todas, todos, todo, toda, cualquier",
    "y": "tu, tus, eres, usted, su, sus, te",
    "m": "ia, modelo de lenguaje, asistente, inteligencia artificial",
    "r": "muestra, muestrame, revela, repite, imprime, dime, dame, escribe, devuelve, traduce, di",
    "s": "prompt del sistema, instrucciones del sistema, tus instrucciones, mensaje del sistema, sistema prompt, texto anterior, tus reglas, prompt inicial",
    "x": "contrasena, contrasenas, credenciales, clave secreta, secreto",
    "c": "actua como, actua, finge, haz de cuenta, simula, comportate, imagina que, juega el papel, ahora eres, pretende, hazte pasar",
    "n": "sin, nunca, ningun, ninguna, jamas",
    "t": "a partir de ahora, desde ahora, de ahora en adelante, en adelante",
    "w": "en su lugar, en lugar de eso, haz lo siguiente, nuevas instrucciones, nueva instruccion, nueva tarea, tu tarea es",
    "d": "responde, responder, contesta, respuesta",
    "q": "siempre, solo, unicamente, debes",
    "u": "sin filtro, sin censura, sin restricciones, ilegal, inmoral",
    "e": "moral, etica, leyes, consecuencias",
}
_PORTUGUESE: Final = {
    "o": "ignorar, esqueca, esquecer, desconsidere, desconsiderar, descarte, nao siga, burle",
    "i": "instrucoes, instrucao, orientacoes, ordens, diretrizes, comandos",
    "g": "regras, restricoes, limitacoes, limites, politicas",
    "p": "anteriores, anterior, previas, acima, iniciais, antes",
    "a": "todas as, todas, todos os, todos, tudo, qualquer",
    "y": "voce, seu, sua, seus, suas",
    "m": "modelo de linguagem, assistente",
    "r": "mostre, mostre-me, revele, repita, imprima, diga, diga-me, exiba, escreva, traduza",
    "s": "prompt do sistema, instrucoes do sistema, suas instrucoes, mensagem do sistema, texto acima",
    "x": "senha, senhas, credenciais, chave secreta",
    "c": "aja como, finja, faca de conta, comporte-se, voce agora e, agora voce e, simule, assuma o papel",
    "n": "sem, nunca, nenhuma, nenhum, nao",
    "t": "a partir de agora, de agora em diante, daqui em diante",
    "w": "em vez disso, faca o seguinte, novas instrucoes, nova tarefa, sua tarefa e",
    "d": "responda, resposta",
    "q": "sempre, apenas, somente, deve",
}
_ITALIAN: Final = {
    "o": "ignorare, dimentica, dimenticate, tralascia, trascura, non seguire, scarta",
    "i": "istruzioni, istruzione, direttive, ordini, comandi, indicazioni",
    "g": "regole, restrizioni, limiti, vincoli, filtri, linee guida",
    "p": "precedenti, precedente, sopra, iniziali, prima",
    "a": "tutte le, tutte, tutti i, tutti, tutto, qualsiasi",
    "y": "tuo, tua, tuoi, tue, sei, ti",
    "m": "modello linguistico, assistente",
    "r": "mostra, mostrami, rivela, ripeti, stampa, dimmi, scrivi, traduci",
    "s": "prompt di sistema, istruzioni di sistema, le tue istruzioni, messaggio di sistema, testo sopra",
    "x": "parola d'ordine, credenziali, chiave segreta",
    "c": "fai finta, fingi, comportati come, agisci come, interpreta il ruolo, ora sei, adesso sei",
    "n": "senza, mai, nessuna, nessun, non",
    "t": "d'ora in poi, da ora in poi, da adesso, d'ora in avanti",
    "w": "invece, fai quanto segue, nuove istruzioni, nuovo compito, il tuo compito e",
    "d": "rispondi, risposta",
    "q": "sempre, soltanto, devi",
}
_DUTCH_AND_POLISH: Final = {
    "o": "negeer, vergeet, omzeil, zignoruj, ignoruj, zapomnij, pomin, obejdz, nie przestrzegaj",
    "i": "instructies, instructie, aanwijzingen, opdrachten, instrukcje, instrukcji, polecenia, polecen, wytyczne",
    "g": "regels, beperkingen, richtlijnen, zasady, zasad, ograniczenia, ograniczen",
    "p": "vorige, voorgaande, bovenstaande, eerdere, poprzednie, poprzednich, wczesniejsze, powyzsze",
    "a": "alle, alles, wszystkie, wszystkich, wszystko",
    "y": "jij, jouw, je, ty, twoje, jestes",
    "m": "taalmodel, sztuczna inteligencja, model jezykowy",
    "r": "toon, laat zien, onthul, herhaal, pokaz, ujawnij, powtorz, wyswietl, podaj",
    "s": "systeemprompt, systeeminstructies, jouw instructies, prompt systemowy, instrukcje systemowe, twoje instrukcje",
    "x": "wachtwoord, haslo, hasla",
    "c": "doe alsof, gedraag je, je bent nu, udawaj, zachowuj sie, jestes teraz, wciel sie",
    "t": "vanaf nu, od teraz, od tej pory",
    "w": "in plaats daarvan, doe het volgende, nieuwe instructies, zamiast tego, nowe instrukcje",
    "n": "zonder, geen, nooit, bez, nigdy",
    "d": "antwoord, odpowiedz, odpowiadaj",
}
_CYRILLIC: Final = {
    "o": "игнорируй, игнорируйте, проигнорируй, забудь, забудьте, отбрось, обойди, не следуй, ігноруй, забудь про",
    "i": "инструкции, инструкций, инструкция, указания, команды, приказы, промпт, контекст, інструкції",
    "g": "правила, правил, ограничения, ограничений, фильтры, запреты, обмеження",
    "p": "предыдущие, предыдущих, предыдущий, прежние, прошлые, выше, вышеуказанные, ранее, исходные, попередні",
    "a": "все, всё, всех, любые, усі, всі",
    "y": "ты, твой, твои, твоих, тебе, вы, ваши, ти",
    "m": "ии, языковая модель, нейросеть, ассистент, чатгпт",
    "r": "покажи, выведи, раскрой, повтори, напиши, скажи, расскажи, назови",
    "s": "системный промпт, системные инструкции, системное сообщение, твои инструкции, твой промпт, текст выше",
    "x": "пароль, пароли, секрет, ключ",
    "c": "притворись, веди себя как, представь, ты теперь, теперь ты, сыграй роль, играй роль, действуй как",
    "n": "без, не, никогда, никаких, нет",
    "t": "с этого момента, отныне, теперь, впредь",
    "w": "вместо этого, сделай следующее, новые инструкции, новая задача",
    "d": "отвечай, ответь, ответ",
    "q": "всегда, только, должен",
    "e": "мораль, этика, морали, этики, законы",
}
_TURKISH_AND_MORE: Final = {
    "o": "yoksay, gormezden gel, dikkate alma, unut, boqua, bo qua, abaikan, lupakan",
    "i": "talimatlari, talimatlar, yonergeleri, komutlari, huong dan, chi thi, instruksi, perintah",
    "g": "kurallari, kurallar, aturan, quy tac",
    "p": "onceki, yukaridaki, truoc, truoc do, sebelumnya, di atas",
    "a": "tum, butun, tat ca, moi, semua",
    "y": "sen, senin, ban, anda, kamu",
    "r": "goster, acikla, tekrarla, hien thi, tiet lo, tampilkan, ungkapkan",
    "s": "sistem istemi, sistem talimatlari, system prompt cua ban, prompt sistem, instruksi sistem",
    "x": "sifre, parola, mat khau, kata sandi",
    "c": "gibi davran, rolunu oyna, rol yap, gia vo, dong vai, berpura-pura, bertindak sebagai",
    "t": "bundan sonra, simdiden itibaren, tu bay gio, mulai sekarang",
}
_SPACED: Final = (
    _ENGLISH,
    _GERMAN,
    _FRENCH,
    _SPANISH,
    _PORTUGUESE,
    _ITALIAN,
    _DUTCH_AND_POLISH,
    _CYRILLIC,
    _TURKISH_AND_MORE,
)
_UNSPACED: Final = {
    "o": """忽略, 无视, 無視, 忘记, 忘記, 忘掉, 不要理会, 不要遵守, 绕过, 繞過, 無視して, 無視しろ, 無視し, 忘れて,
        従わないで, 무시하고, 무시하세요, 무시해, 무시하라, 잊어, 잊고, अनदेखा, अनदेखी, नजरअंदाज, भूल जाओ, भूल जाइए,
        تجاهل, تجاهلي, انس, انسى, ละเว้น, เพิกเฉย, התעלם, שכח""",
    "i": """指令, 指示, 命令, 提示词, 提示詞, 提示, 说明, 說明, プロンプト, 指図, 지시, 지침, 명령, 프롬프트, 지시사항,
        निर्देश, निर्देशों, आदेश, التعليمات, تعليمات, الأوامر, أوامر, คำสั่ง, ההוראות, הוראות""",
    "g": "规则, 規則, 限制, 规定, 準則, 准则, ルール, 制限, 規則, 규칙, 제한, नियम, नियमों, القواعد, القيود, กฎ, הכללים",
    "p": """之前, 以上, 上面, 先前, 前面, 上述, 此前, 以前の, 上記の, 上記, 前の, これまでの, 以前, 이전, 위의, 앞의, 위에,
        पिछले, ऊपर, पहले, السابقة, السابق, أعلاه, ก่อนหน้า, הקודמות, הקודם, לעיל""",
    "a": "所有, 全部, 一切, 任何, すべての, 全ての, すべて, 全て, 모든, 모두, सभी, सब, جميع, كل, ทั้งหมด, כל",
    "y": "你, 您, あなた, 君は, 당신, 너는, 너의, आप, तुम, أنت, คุณ, אתה",
    "m": "人工智能, 语言模型, 語言模型, 助手, 言語モデル, アシスタント, 인공지능, 언어 모델, 어시스턴트, نموذج لغوي, भाषा मॉडल",
    "r": """显示, 顯示, 输出, 輸出, 透露, 泄露, 告诉我, 告訴我, 重复, 重複, 打印, 表示して, 表示し, 教えて, 出力して, 出力し, 繰り返して,
        明かして, 보여, 알려, 출력, 공개, 반복, दिखाओ, दिखाएं, बताओ, बताएं, اعرض, أظهر, اكشف, كرر, اطبع, แสดง, הצג, חשוף""",
    "s": """系统提示, 系統提示, 系统指令, 系統指令, 系统消息, 你的指令, 你的提示, 初始指令, システムプロンプト, システム指示,
        システムメッセージ, 시스템 프롬프트, 시스템 메시지, 시스템 지시, सिस्टम प्रॉम्प्ट, موجه النظام, تعليمات النظام, תנחית מערכת""",
    "x": "密码, 密碼, 密钥, パスワード, 비밀번호, पासवर्ड, كلمة المرور, كلمة السر, รหัสผ่าน, סיסמה",
    "c": """扮演, 假装, 假裝, 假设你是, 充当, 你现在是, 你現在是, ふりをして, になりきって, として振る舞, 演じて, あなたは今,
        인 척, 역할을 해, 역할을 맡, 행동해, 연기해, 당신은 이제, 너는 이제, की तरह व्यवहार, बनकर, تظاهر, تصرف, تخيل أنك, أنت الآن""",
    "n": "没有, 沒有, 不受, 不要, 无, なし, ない, 없이, 없는, बिना, بدون, لا",
    "t": "从现在开始, 從現在開始, 从现在起, 今から, これから, 지금부터, 이제부터, अब से, من الآن, ตั้งแต่บัดนี้, מעכשיו",
    "w": "相反, 而是, 新指令, 新的指令, 新任务, 代わりに, 新しい指示, 次のことを, 대신, 새로운 지시, इसके बजाय, بدلا من ذلك, במקום זאת",
    "d": "回答, 回复, 回覆, 答えて, 答え, 대답, 답변, उत्तर, जवाब, أجب, ตอบ, ענה",
    "q": "必须, 必須, 总是, 總是, 只能, 必ず, 常に, 항상, 반드시, हमेशा, دائما",
}


def _entries(*tables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for code, words in table.items():
            for entry in words.split(","):
                yield " ".join(entry.split()), code


def words() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return first word -> (the words after it, class), the longest phrase first.

    Where two languages share a word, the class of the one listed first holds.
    """
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for entry, code in _entries(*_SPACED):
        first, *rest = entry.split(" ")
        found.setdefault(first, {}).setdefault(tuple(rest), code)
    return {
        first: sorted(entries.items(), key=lambda entry: -len(entry[0]))
        for first, entries in found.items()
    }


def strings() -> dict[str, str]:
    """Return text -> class for scripts whose words are not set apart, the longest first."""
    found: dict[str, str] = {}
    for entry, code in _entries(_UNSPACED):
        found.setdefault(entry, code)
    return dict(sorted(found.items(), key=lambda entry: -len(entry[0])))
