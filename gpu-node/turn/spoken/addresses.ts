// Web and e-mail addresses as one would tell them: the host, without what nobody could write down. Pure.
import type { Words } from './word-pieces.ts'

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g
const URL_TEXT =
  /\b(?:https?|wss?|ftp):\/\/[^\s<>()\p{Script=Han}，。、；：！？“”「」（）]+|\bwww\.[\w.-]+[^\s<>()\p{Script=Han}，。]*/giu
const DOMAIN =
  /\b(?:[a-z][a-z\d-]*\.)+(?:com|org|net|io|dev|edu|gov|app|ai|tw|cn|hk|uk)\b(?:\/[^\s<>()\p{Script=Han}，。]*)?/giu
/** Marks that end the sentence, not the address. */
const TAIL = /[.,!?;:'")\]]+$/

export function sayAddresses(text: string, words: Words): string {
  return text
    .replace(
      EMAIL,
      (address) => ` ${address.replace('@', words.at).replace(/[.]/g, words.dot).replace(/[_+-]/g, ' ')} `,
    )
    .replace(URL_TEXT, (address) => sayUrl(address, words))
    .replace(DOMAIN, (address) => sayUrl(address, words))
}

function sayUrl(address: string, words: Words): string {
  const tail = TAIL.exec(address)?.[0] ?? ''
  const host = /^(?:[a-z]+:\/\/)?(?:www\.)?([^/?#:]*)/i.exec(address.slice(0, address.length - tail.length))?.[1] ?? ''
  const isName = /^[a-z\d-]+(?:\.[a-z\d-]+)+$/i.test(host) && /[a-z]/i.test(host)
  return ` ${isName ? host.replaceAll('.', words.dot).replaceAll('-', ' ') : words.link}${tail} `
}
