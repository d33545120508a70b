// The words by which people of several countries call the usual fields and buttons. What is not in these tables is
// not guessed. Comes after `page_script.js` and `healing_script.js`, only where a page is to be understood.
casare.words ??= (() => {
  'use strict';

  // ---- Texts, made comparable ------------------------------------------------------------------------

  const LETTERS = { ß: 'ss', ø: 'o', ł: 'l', æ: 'ae', œ: 'oe', đ: 'd', ı: 'i' };
  /** `E-Mail-Adresse *:` as `e mail adresse`. */
  const norm = (text) => (text ?? '').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
    .replace(/[ßøłæœđı]/g, (letter) => LETTERS[letter]).replace(/[^\p{L}\p{N}+#%€$£]+/gu, ' ').trim();
  /** `billing_firstName2` as `billing first name 2`. */
  const unjoin = (name) => norm((name ?? '').replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').replace(/(\p{L})(\d)/gu, '$1 $2'));

  const STOP = new Set(('a an the your my our please enter type in of for ihr ihre ihren ihrer dein deine bitte eingeben der die das votre ' +
    'ton ta le la l les de du des d veuillez saisir su tu el los il tuo lo o os seu sua uw je jouw twoj ' +
    'optional required pflichtfeld facultatif obligatoire opcional obligatorio obrigatorio facoltativo obbligatorio').split(' '));

  // ---- Fields ------------------------------------------------------------------------------------------

  const FIELDS = {
    email: 'email|e mail|mail|email address|e mail address|mail address|email id|emailaddress|courriel|adresse e mail|adresse email|adresse mail|adresse electronique|adresse courriel|e mail adresse|email adresse|emailadresse|mailadresse|correo|correo electronico|direccion correo|direccion correo electronico|email direccion|indirizzo email|indirizzo e mail|posta elettronica|endereco email|endereco e mail|e mailadres|email adres|adres e mail|adres email|e postadress|epost|e post|sahkoposti',
    phone: 'phone|phone number|phone no|telephone|telephone number|tel|tel number|tel no|telefon|telefonnummer|rufnummer|numero telephone|n telephone|telephone fixe|telefono|numero telefono|telefone|numero telefone|telefoon|telefoonnummer|numer telefonu|contact number|contact phone|puhelin|telefonnr|phonenumber',
    mobile: 'mobile|mobile phone|mobile number|mobile phone number|cell|cell phone|cellphone|cell phone number|handy|handynummer|mobil|mobilnummer|mobiltelefon|portable|telephone portable|movil|telefono movil|celular|cellulare|telemovel|mobiele nummer|mobiel|mobilephone',
    fax: 'fax|fax number|telefax|faxnummer',
    first_name: 'first name|firstname|fname|given name|givenname|forename|vorname|prenom|nombre|nombre pila|primer nombre|nome|primeiro nome|voornaam|imie|fornamn|etunimi|fornavn',
    middle_name: 'middle name|middlename|middle initial|second name|zweiter vorname|deuxieme prenom|segundo nombre|secondo nome',
    last_name: 'last name|lastname|lname|surname|family name|familyname|nachname|familienname|zuname|nom famille|apellido|apellidos|primer apellido|cognome|sobrenome|apelido|achternaam|familienaam|nazwisko|efternamn|sukunimi|etternavn|efternavn',
    full_name: 'name|full name|fullname|complete name|first and last name|vollstandiger name|vor und nachname|nom complet|nom et prenom|nom prenom|nombre completo|nombre y apellidos|nome completo|nome e cognome|volledige naam|naam|imie i nazwisko|namn',
    username: 'username|user name|user|user id|userid|login|login name|loginname|login id|benutzername|benutzer|anmeldename|nutzername|nom utilisateur|nom d utilisateur|identifiant|usuario|nombre usuario|nome utente|utente|nome usuario|utilizador|gebruikersnaam|nazwa uzytkownika|anvandarnamn|account name|account',
    password: 'password|pass|passwd|pwd|pass word|passphrase|passwort|kennwort|mot passe|mot de passe|mdp|contrasena|clave|password utente|senha|palavra passe|wachtwoord|haslo|losenord|salasana|passord|adgangskode',
    code: 'code|otp|one time code|one time password|verification code|security code|authentication code|auth code|two factor code|2fa code|mfa code|totp|totp code|passcode|authenticator code|6 digit code|bestatigungscode|sicherheitscode|einmalcode|verifizierungscode|code verification|code de verification|code securite|code a usage unique|codigo verificacion|codigo seguridad|codice verifica|codice sicurezza|codigo verificacao|verificatiecode|kod weryfikacyjny',
    company: 'company|company name|companyname|organization|organisation|organization name|organisation name|employer|business name|firma|firmenname|unternehmen|arbeitgeber|entreprise|societe|nom entreprise|raison sociale|empresa|nombre empresa|compania|azienda|ragione sociale|nome azienda|bedrijf|bedrijfsnaam|nazwa firmy|foretag|yritys',
    job_title: 'job title|jobtitle|role|role in company|position|job|occupation|profession|title at company|beruf|stelle|funktion|poste|fonction|cargo|puesto|ruolo|posizione|functie|stanowisko|berufsbezeichnung',
    salutation: 'salutation|prefix|honorific|anrede|civilite|tratamiento|titolo|aanhef|saludo',
    street: 'street|street address|address|address line 1|address 1|addressline 1|street and number|street name|strasse|strasse und hausnummer|strasse hausnummer|strasse nr|anschrift|adresse|rue|adresse postale|adresse ligne 1|calle|direccion|domicilio|direccion 1|via|indirizzo|rua|endereco|morada|straat|adres|straatnaam|ulica|adress|gatuadress|osoite',
    house_number: 'house number|house no|hausnummer|nr|hausnr|numero rue|numero civico|huisnummer|numer domu',
    address2: 'address line 2|address 2|addressline 2|apartment|apt|suite|unit|apartment suite etc|adresszusatz|complement|complement adresse|complement d adresse|adresse ligne 2|direccion 2|complemento|interno|toevoeging',
    city: 'city|town|city town|locality|town city|ort|stadt|wohnort|ville|localite|commune|ciudad|poblacion|localidad|citta|comune|cidade|localidade|plaats|stad|woonplaats|miasto|miejscowosc|kaupunki|postort',
    postcode: 'postcode|post code|postal code|postalcode|zip|zip code|zipcode|zip postal code|postal zip code|plz|postleitzahl|code postal|cp|codigo postal|cap|cep|codigo postal cp|kod pocztowy|postnummer|postinumero',
    state: 'state|province|region|county|state province|state region|state county|bundesland|kanton|departement|provincia|estado|regione|provincie|wojewodztwo',
    country: 'country|country region|nation|land|staat|pays|pais|paese|nazione|kraj|country of residence',
    birthdate: 'birth date|birthdate|date birth|date of birth|dob|birthday|geburtsdatum|geburtstag|date naissance|date de naissance|fecha nacimiento|fecha de nacimiento|data nascita|data di nascita|data nascimento|data de nascimento|geboortedatum|data urodzenia|fodelsedatum',
    day: 'day|tag|jour|dia|giorno|dag|dzien|dd|tt|jj',
    month: 'month|monat|mois|mes|mese|maand|miesiac|mm',
    year: 'year|jahr|annee|ano|anno|jaar|rok|yyyy|aaaa|jjjj',
    gender: 'gender|sex|geschlecht|sexe|genre|sexo|genero|sesso|genere|geslacht|plec',
    website: 'website|web site|web|url|homepage|webseite|internetseite|site web|sitio web|pagina web|sito web|site',
    subject: 'subject|betreff|sujet|objet|asunto|oggetto|assunto|onderwerp|temat|topic',
    message: 'message|comment|comments|nachricht|kommentar|mitteilung|anmerkung|bemerkung|commentaire|mensaje|comentario|messaggio|commento|mensagem|bericht|wiadomosc|meddelande',
    search: 'search|suche|suchen|suchbegriff|rechercher|recherche|buscar|busqueda|cerca|ricerca|pesquisar|pesquisa|zoeken|szukaj|q|query|keyword|keywords|search term|sok',
    quantity: 'quantity|qty|menge|anzahl|quantite|cantidad|quantita|quantidade|aantal|ilosc',
    amount: 'amount|betrag|montant|importe|monto|importo|valor|bedrag|kwota',
    card_number: 'card number|cardnumber|credit card number|debit card number|credit card|card no|cc number|ccnumber|kartennummer|kreditkartennummer|numero carte|numero de carte|numero carte bancaire|numero tarjeta|numero de tarjeta|numero carta|numero cartao|kaartnummer|numer karty',
    card_holder: 'cardholder|card holder|name on card|cardholder name|card holder name|karteninhaber|titulaire|titulaire carte|nom sur carte|titular|titular tarjeta|titolare|intestatario|nome no cartao|kaarthouder',
    card_expiry: 'expiry|expiry date|expiration|expiration date|valid until|exp date|mm yy|gultig bis|ablaufdatum|date expiration|date d expiration|caducidad|fecha caducidad|vencimiento|fecha vencimiento|scadenza|validade|vervaldatum|data waznosci',
    card_cvc: 'cvc|cvv|cvc cvv|cvv cvc|cvv2|csc|card security code|card verification code|prufziffer|kartenprufnummer|cryptogramme|codigo seguridad tarjeta',
    iban: 'iban|account number|kontonummer|numero compte|numero cuenta|conto|rekeningnummer',
    terms: 'terms|i agree|agree|accept terms|terms and conditions|agb|conditions generales|terminos y condiciones|termini e condizioni',
    remember: 'remember me|remember|keep me signed in|stay signed in|stay logged in|angemeldet bleiben|se souvenir moi|rester connecte|recordarme|recuerdame|ricordami|resta connesso|lembrar|manter conectado|onthoud mij|zapamietaj mnie',
    date: 'date|datum|fecha|data|dato',
  };
  const BY_PHRASE = new Map();
  for (const [concept, phrases] of Object.entries(FIELDS)) for (const phrase of phrases.split('|')) BY_PHRASE.set(core(phrase), concept);

  const QUALIFIERS = {
    confirm: 'confirm|confirmation|repeat|again|retype|reenter|re|verify|wiederholen|wiederholung|bestatigen|bestatigung|confirmer|confirmez|repeter|confirmar|repetir|repita|conferma|ripeti|herhaal|bevestig|powtorz',
    new: 'new|neues|neuer|neue|nouveau|nouvelle|nueva|nuevo|nuova|nuovo|nova|novo|nieuw|nieuwe|nowe',
    old: 'old|current|existing|altes|aktuelles|bisheriges|actuel|ancien|actual|antigua|attuale|vecchia|atual|huidig|huidige|obecne',
    billing: 'billing|invoice|rechnung|rechnungs|facturation|facturacion|fatturazione|faturamento|factuur',
    shipping: 'shipping|delivery|ship|lieferung|liefer|livraison|envio|entrega|spedizione|consegna|bezorg',
    work: 'work|business|office|geschaftlich|dienstlich|professionnel|trabajo|lavoro|zakelijk',
    home: 'home|private|privat|personal|domicile|personnel|casa|particular|prive',
  };
  const BY_QUALIFIER = new Map();
  for (const [qualifier, words] of Object.entries(QUALIFIERS)) for (const word of words.split('|')) BY_QUALIFIER.set(word, qualifier);

  /** Without the words that say nothing. */
  function core(normed) {
    const words = normed.split(' ').filter(Boolean);
    const kept = words.filter((word) => !STOP.has(word));
    return (kept.length ? kept : words).join(' ');
  }

  /** Which of the usual fields a text names; `new+confirm:password` with what it says besides. */
  function conceptOf(normed) {
    const whole = core(normed);
    const known = BY_PHRASE.get(whole);
    if (known) return known;
    const qualifiers = [];
    const rest = whole.split(' ').filter((word) => {
      const qualifier = BY_QUALIFIER.get(word);
      if (qualifier && !qualifiers.includes(qualifier)) qualifiers.push(qualifier);
      return !qualifier;
    });
    const concept = qualifiers.length ? BY_PHRASE.get(rest.join(' ')) : undefined;
    return concept ? `${qualifiers.sort().join('+')}:${concept}` : '';
  }

  const AUTOCOMPLETE = {
    'email': 'email', 'tel': 'phone', 'tel-national': 'phone', 'given-name': 'first_name', 'additional-name': 'middle_name',
    'family-name': 'last_name', 'name': 'full_name', 'username': 'username', 'current-password': 'password',
    'new-password': 'password', 'one-time-code': 'code', 'organization': 'company', 'organization-title': 'job_title',
    'honorific-prefix': 'salutation', 'street-address': 'street', 'address-line1': 'street', 'address-line2': 'address2',
    'address-level2': 'city', 'address-level1': 'state', 'postal-code': 'postcode', 'country': 'country',
    'country-name': 'country', 'bday': 'birthdate', 'bday-day': 'day', 'bday-month': 'month', 'bday-year': 'year',
    'sex': 'gender', 'url': 'website', 'cc-number': 'card_number', 'cc-name': 'card_holder', 'cc-exp': 'card_expiry',
    'cc-csc': 'card_cvc',
  };
  const TYPES = { email: 'email', tel: 'phone', password: 'password', url: 'website', search: 'search' };

  const spokenBy = new Map();
  /** A text in the forms that are compared. */
  function spoken(text) {
    let known = spokenBy.get(text);
    if (!known) {
      const whole = norm(text);
      const kept = core(whole);
      known = { whole, core: kept, words: kept.split(' ').filter(Boolean), concept: conceptOf(whole), latin: /[a-z]/.test(whole) };
      if (spokenBy.size < 5000) spokenBy.set(text, known);
    }
    return known;
  }

  const pairsOf = (text) => Array.from({ length: Math.max(text.length - 1, 0) }, (_, at) => text.slice(at, at + 2));
  function dice(a, b) {
    const [x, rest] = [pairsOf(a), pairsOf(b)];
    const all = x.length + rest.length;
    let shared = 0;
    for (const pair of x) {
      const at = rest.indexOf(pair);
      if (at >= 0) { shared++; rest.splice(at, 1); }
    }
    return all ? (2 * shared) / all : 0;
  }

  /** How sure it is that two texts name the same field, from 0 to 1. */
  function likeness(wanted, text) {
    const [a, b] = [spoken(wanted), spoken(text)];
    if (!a.whole || !b.whole || b.whole.length > 120) return 0;
    if (a.whole === b.whole) return 1;
    if (a.core === b.core || a.core.replaceAll(' ', '') === b.core.replaceAll(' ', '')) return 0.95;
    if (a.concept && b.concept) return a.concept === b.concept ? 0.9 : 0.2;
    const within = (one, other) => one.words.every((word) => other.words.includes(word));
    if (within(a, b)) return 0.6 + 0.3 * (a.words.length / b.words.length);
    if (within(b, a)) return 0.45 + 0.4 * (b.words.length / a.words.length);
    const close = dice(a.core, b.core);
    return close >= 0.8 ? 0.6 + (close - 0.8) * 1.5 : close * 0.5;
  }

  // ---- Buttons and what pages say ------------------------------------------------------------------------

  const phrases = (list) => new RegExp(`(^|[^\\p{L}])(${list})($|[^\\p{L}])`, 'u');
  const SAYS = {
    login: phrases('log ?in|log ?on|sign ?in|anmelden|einloggen|login|se connecter|connexion|connectez|s identifier|iniciar sesion|acceder|ingresar|entrar|accedi|iniciar sessao|inloggen|aanmelden|zaloguj|zaloguj sie|logga in|kirjaudu|logg inn|log ind'),
    register: phrases('register|sign ?up|create (an |your )?account|create (a )?profile|registrieren|registrierung|konto erstellen|konto anlegen|s inscrire|inscription|creer un compte|creer mon compte|registrarse|registro|crear cuenta|crear una cuenta|registrati|registrazione|crea account|cadastrar|cadastro|criar conta|registreren|account aanmaken|zarejestruj|skapa konto|join now|get started'),
    logout: phrases('log ?out|log ?off|sign ?out|abmelden|ausloggen|deconnexion|se deconnecter|cerrar sesion|salir|esci|disconnetti|sair|terminar sessao|uitloggen|afmelden|wyloguj|logga ut'),
    newsletter: phrases('newsletter|subscribe|abonnieren|abonner|s abonner|suscribirse|suscribete|iscriviti|assinar|inschrijven|zapisz sie'),
    search: phrases('search|suchen|suche|rechercher|buscar|cerca|pesquisar|zoeken|szukaj|find|go'),
    contact: phrases('contact|send message|kontakt|nachricht senden|contactez|envoyer|contacto|enviar mensaje|contatto|contattaci|invia|contato|fale conosco'),
    pay: phrases('pay|pay now|place order|checkout|bezahlen|jetzt kaufen|zahlungspflichtig|kaufen|payer|commander|pagar|comprar|paga|acquista|finalizar|betalen|afrekenen|zaplac'),
    next: phrases('next|continue|proceed|weiter|fortfahren|suivant|continuer|siguiente|continuar|avanti|prosegui|continua|proximo|seguinte|volgende|verder|dalej|nasta'),
    wrong: phrases('incorrect|invalid|wrong|not valid|not recogni[sz]ed|does ?n.?t match|do not match|doesn t match|didn t work|couldn t find|could not find|not found|failed|failure|try again|denied|unknown user|no account|bad credentials|falsch|falsches|ungultig|ungultige|nicht korrekt|fehlgeschlagen|nicht erkannt|stimmt nicht|stimmen nicht|incorrecte?s?|invalides?|errones?|erronees?|echec|incorrect[oa]s?|invalid[oa]s?|errone[oa]|fallido|no coincide|errat[oae]|non valid[oa]|sbagliat[oa]|non riuscito|incorret[oa]s?|onjuist|ongeldig|mislukt|bledn[ye]|nieprawidlow[yae]'),
    locked: phrases('locked|blocked|suspended|disabled|too many|temporarily|gesperrt|deaktiviert|zu viele|bloque|verrouille|trop de|bloquead[oa]|demasiad[oa]s|bloccat[oa]|troppi|geblokkeerd|te veel|zablokowan[ey]'),
    captcha: phrases('captcha|not a robot|are you human|you are human|i am human|verify you are|security check|kein roboter|pas un robot|no soy un robot|non sono un robot|nao sou um robo|geen robot|sicherheitsprufung'),
    approve: phrases('approve (the |this )?(sign ?in|login|request|notification)|check your (phone|device|app)|open your (authenticator|app)|tap yes|push notification|on your (phone|device|mobile)|bestatigen sie auf ihrem|auf ihrem (handy|smartphone|telefon)|in der app|sur votre (telephone|mobile)|en tu (telefono|movil)|sul tuo telefono|passkey|security key|sicherheitsschlussel'),
    sent: phrases('sent (you )?(a|the|an) (.{0,30})?(code|sms|text|e ?mail|message)|(code|sms|text message) (was|has been|we) sent|texted|via sms|by sms|per sms|per e ?mail (gesendet|geschickt)|gesendet|geschickt|envoye|enviado|inviato'),
    accept: phrases('accept( all)?|agree|allow( all)?|got it|ok|okay|i understand|alle akzeptieren|akzeptieren|zustimmen|einverstanden|alle zulassen|tout accepter|accepter|j accepte|aceptar( todo| todas)?|accetta( tutti| tutto)?|aceitar( todos)?|accepteren|alles accepteren|akceptuj|zgadzam sie'),
    reject: phrases('reject( all)?|decline( all)?|refuse|deny|only (necessary|essential)|necessary only|essential only|ablehnen|alle ablehnen|nur notwendige|nur erforderliche|tout refuser|refuser|continuer sans accepter|rechazar( todo| todas)?|rifiuta( tutti| tutto)?|rejeitar|recusar|weigeren|alles weigeren|odrzuc'),
    close: phrases('close|dismiss|cancel|no thanks|not now|later|schliessen|abbrechen|nicht jetzt|fermer|annuler|plus tard|cerrar|cancelar|chiudi|annulla|fechar|sluiten|annuleren|zamknij|x|×'),
    settings: phrases('settings|preferences|customi[sz]e|manage|options|einstellungen|anpassen|parametres|personnaliser|configurar|preferencias|personalizza|impostazioni|instellingen|ustawienia'),
    cookies: phrases('cookies?|consent|gdpr|dsgvo|privacy|datenschutz|tracking|traceurs'),
    more: phrases('load more|show more|more results|see more|view more|mehr laden|mehr anzeigen|weitere laden|weitere anzeigen|charger plus|afficher plus|voir plus|cargar mas|mostrar mas|ver mas|carica altri|mostra altri|carregar mais|ver mais|mostrar mais|meer laden|meer tonen|pokaz wiecej|wczytaj wiecej'),
  };
  /** Whether a text says something of the kind. */
  const says = (kind, text) => SAYS[kind].test(norm(text));
  const NEXT = /^(next|next page|next results|older|older posts|weiter|nachste|nachste seite|vor|suivant|suivante|page suivante|siguiente|pagina siguiente|avanti|successiva|prossima|pagina successiva|proxima|proximo|seguinte|volgende|volgende pagina|nastepna|nasta|go to next page)$/;
  const isNext = (text) => NEXT.test(norm(text)) || /^(next |weiter |suivant |siguiente )?(page )?[›»→>]+$/i.test((text ?? '').trim());

  return { norm, unjoin, spoken, likeness, says, isNext, AUTOCOMPLETE, TYPES };
})();
