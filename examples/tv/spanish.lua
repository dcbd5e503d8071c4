--- The Spanish text for each text of the app.

return {
  -- messages.lua
  ["your provider"] = "su proveedor",
  ["Back"] = "Atrás",
  ["No service configured"] = "Servicio sin configurar",
  ["The address of the service is missing. Start the app beside a sandbox, in the "
    .. "folder of the checkout:"] =
    "Falta la dirección del servicio. Inicie la aplicación junto a un sandbox, en "
    .. "la carpeta del código:",
  ["Close"] = "Cerrar",
  ["No connection"] = "Sin conexión",
  ["An error occurred"] = "Se ha producido un error",
  ["Check the cable or the Wi-Fi. The service may be unavailable."] =
    "Compruebe el cable o la wifi. Puede que el servicio no esté disponible.",
  ["For support: %s"] = "Para el soporte técnico: %s",
  ["Try again"] = "Reintentar",
  ["Please sign in again"] = "Inicie sesión de nuevo",
  ["No TV provider available"] = "Ningún proveedor disponible",
  ["No TV provider supports this app on this TV."] =
    "Ningún proveedor de TV admite esta aplicación en este televisor.",
  ["%s is locked"] = "%s está bloqueado",
  ["%s says: %s"] = "%s dice: %s",
  ["This code is no longer valid"] = "Este código ya no es válido",
  ["A code is valid for half an hour."] = "Un código es válido durante media hora.",
  ["New code"] = "Código nuevo",
  ["Other provider"] = "Otro proveedor",
  ["%s did not log you in"] = "%s no ha iniciado su sesión",
  ["Please try again, or choose another provider."] =
    "Inténtelo de nuevo o elija otro proveedor.",
  ["Watch %d minutes free"] = "Vea %d minutos gratis",
  ["All channels, without signing in.\nThe time starts when you play the first "
    .. "channel."] =
    "Todos los canales, sin iniciar sesión.\nEl tiempo empieza con el primer canal "
    .. "que vea.",
  ["After that, sign in with your TV provider to continue."] =
    "Después, inicie sesión con su proveedor de TV para continuar.",
  ["Start watching"] = "Empezar a ver",
  ["Not now"] = "Ahora no",
  ["Your free minutes are over"] = "Sus minutos gratis han terminado",
  ["Sign in with your TV provider to continue watching."] =
    "Inicie sesión con su proveedor de TV para seguir viendo.",
  ["Choose a provider"] = "Elegir proveedor",
  ["Sign out of %s?"] = "¿Cerrar la sesión de %s?",
  ["Your sign-in is removed from this TV. Your subscription does not change."] =
    "Su sesión se elimina de este televisor. Su suscripción no cambia.",
  ["Sign out"] = "Cerrar sesión",
  ["Stay signed in"] = "Seguir con la sesión",
  ["Nothing else to do."] = "No hay nada más que hacer.",
  ["You may still be signed in on the phone or computer that you used. Sign out "
    .. "there as well."] =
    "Puede que su sesión siga abierta en el teléfono u ordenador que usó. Ciérrela "
    .. "también allí.",
  ["Sign out in this TV's system settings as well."] =
    "Cierre la sesión también en los ajustes del televisor.",
  ["You were already signed out."] = "La sesión ya estaba cerrada.",
  ["You are signed out"] = "Ha cerrado la sesión",
  ["Your sign-in with %s was removed from this TV."] =
    "Su sesión con %s se ha eliminado de este televisor.",
  ["You are signed out on this TV"] = "Ha cerrado la sesión en este televisor",
  ["Your sign-in was removed from this TV, but the sign-out at %s failed."] =
    "Su sesión se ha eliminado de este televisor, pero %s no ha podido cerrarla.",

  -- app.lua
  ["Please wait"] = "Espere, por favor",
  ["Looking for TV providers"] = "Buscando proveedores de TV",
  ["Signing out"] = "Cerrando la sesión",

  -- screens
  ["stop"] = "parar",
  ["move"] = "mover",
  ["choose"] = "elegir",
  ["go back"] = "volver",
  ["go on"] = "continuar",
  ["channels"] = "canales",
  ["other provider"] = "otro proveedor",
  ["why is it locked?"] = "¿por qué está bloqueado?",
  ["Sign in"] = "Iniciar sesión",
  ["%d minutes free"] = "%d minutos gratis",
  ["Free preview"] = "Acceso gratuito",
  ["Choose a channel"] = "Elija un canal",
  ["Or point your phone's camera here"] = "O apunte con la cámara del móvil",
  ["No connection. Trying again."] = "Sin conexión. Reintentando.",
  ["Waiting for you to sign in"] = "Esperando su inicio de sesión",
  ["On your phone or computer, open"] = "En su móvil u ordenador, abra",
  ["Type this code"] = "Escriba este código",
  ["Sign in there. This screen continues automatically."] =
    "Inicie sesión allí. Esta pantalla continúa sola.",
  ["Sign in with %s"] = "Inicie sesión con %s",
  ["Last time"] = "La última vez",
  ["No sign-in needed"] = "Sin iniciar sesión",
  ["Choose your TV provider"] = "Elija su proveedor de TV",
  ["The company that provides your TV service at home."] =
    "La empresa que le da el servicio de TV en casa.",
  ["LIVE"] = "VIVO",
  ["Media token expired"] = "Token de reproducción caducado",
  ["Media token valid for %s"] = "Token de reproducción válido durante %s",
  ["free minutes"] = "minutos gratis",

  -- settings.lua
  ["Headlines around the clock"] = "Titulares las 24 horas",
  ["Tonight: the derby"] = "Esta noche: el derbi",
  ["Premieres every night"] = "Estrenos cada noche",
  ["Concerts as they happen"] = "Conciertos en directo",
  ["Cartoons and songs"] = "Dibujos y canciones",
  ["Nature, close up"] = "La naturaleza, de cerca",
  ["Talk and comedy, 18+"] = "Charla y comedia, +18",
  ["Classics for the family"] = "Clásicos en familia",
  ["Your decade, no breaks"] = "Su década, sin pausas",
  ["Cook along at seven"] = "A cocinar a las siete",
  ["True stories"] = "Historias reales",
  ["Series from the eighties"] = "Series de los ochenta",
}
