// What Vite makes of an import: the address of a built worklet.
declare module '*?worker&url' {
  const url: string
  export default url
}
