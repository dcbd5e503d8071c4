--- The app's language and channels.

return {
  language = os.getenv "TV_LANGUAGE" == "es" and "es" or "en",

  channels = {
    { resource = "News Now", about = "Headlines around the clock",
      color = { 0.85, 0.27, 0.25 }, art = "rays" },
    { resource = "Arena Sport", about = "Tonight: the derby",
      color = { 0.16, 0.58, 0.36 }, art = "stripes" },
    { resource = "Cinema One", about = "Premieres every night",
      color = { 0.46, 0.30, 0.72 }, art = "rings" },
    { resource = "Live", about = "Concerts as they happen",
      color = { 0.88, 0.34, 0.56 }, art = "waves" },
    { resource = "Kids Club", about = "Cartoons and songs",
      color = { 0.95, 0.62, 0.16 }, art = "dots" },
    { resource = "Wild Planet", about = "Nature, close up",
      color = { 0.24, 0.52, 0.24 }, art = "waves" },
    { resource = "Late Night", about = "Talk and comedy, 18+",
      color = { 0.22, 0.28, 0.58 }, art = "dots" },
    { resource = "Matinee", about = "Classics for the family",
      color = { 0.74, 0.46, 0.24 }, art = "rings" },
    { resource = "Music Box", about = "Your decade, no breaks",
      color = { 0.20, 0.55, 0.75 }, art = "stripes" },
    { resource = "Kitchen", about = "Cook along at seven",
      color = { 0.80, 0.42, 0.20 }, art = "dots" },
    { resource = "Docs", about = "True stories",
      color = { 0.30, 0.42, 0.50 }, art = "rays" },
    { resource = "Retro", about = "Series from the eighties",
      color = { 0.62, 0.24, 0.48 }, art = "stripes" },
  },
}
