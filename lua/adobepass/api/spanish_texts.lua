--- The Spanish text for each sentence that adobepass.api.error_catalog has for
-- viewers.
-- @module adobepass.api.spanish_texts

return {
  ["This app has a problem. Please contact its support."] =
    "Esta aplicación tiene un problema. Contacte con su servicio de asistencia.",
  ["This is not possible right now. Please try again later."] =
    "Esto no es posible en este momento. Inténtelo de nuevo más tarde.",
  ["That did not work. Please try again."] =
    "No ha funcionado. Inténtelo de nuevo.",
  ["There is no connection. Please check your network."] =
    "No hay conexión. Compruebe su red.",
  ["Please sign in with your TV provider."] =
    "Inicie sesión con su proveedor de TV.",
  ["Please sign in with your TV provider again."] =
    "Vuelva a iniciar sesión con su proveedor de TV.",
  ["Your TV provider does not work with this app."] =
    "Su proveedor de TV no es compatible con esta aplicación.",
  ["Please allow this app to use your TV provider in the device's settings."] =
    "Permita en los ajustes del dispositivo que esta aplicación use su "
    .. "proveedor de TV.",
  ["Your TV subscription does not include this."] =
    "Su suscripción de TV no incluye este contenido.",
  ["This code is not valid. Please start again."] =
    "Este código no es válido. Empiece de nuevo.",
  ["This code has expired. Please get a new one."] =
    "Este código ha caducado. Solicite uno nuevo.",
  ["Parental controls do not allow this."] =
    "El control parental no permite este contenido.",
  ["You seem to be away from home. Please sign in again."] =
    "Parece que no está en casa. Vuelva a iniciar sesión.",
  ["Your free access is used up. Please sign in with your TV provider."] =
    "Su acceso gratuito ha terminado. Inicie sesión con su proveedor de TV.",
  ["This was stopped."] = "Se ha detenido.",
}
