// The dictionaries of opencc-js come without types: pairs of characters, `from to` with `|` between.
declare module 'opencc-js/dict/TSCharacters' {
  const pairs: string
  export default pairs
}
