// Whole numbers in Simplified Chinese characters, as they are spoken: 一百零五, 两千, 二零二六. Used by chinese.ts. Pure.

const FIGURES = Array.from('零一二三四五六七八九')
const PLACES = ['', '十', '百', '千']
const SCALES = ['', '万', '亿', '万亿']
/** Longer ones are told figure by figure. */
const MAX_DIGITS = SCALES.length * 4

export function cardinal(digits: string): string {
  const bare = digits.replace(/^0+(?=\d)/, '')
  if (bare.length > MAX_DIGITS) return figures(bare)
  if (Number(bare) === 0) return '零'
  const groups = bare.padStart(Math.ceil(bare.length / 4) * 4, '0').match(/\d{4}/g) ?? []
  let words = ''
  let isGap = false
  for (const [i, group] of groups.entries()) {
    if (Number(group) === 0) {
      isGap = words !== ''
      continue
    }
    if (isGap || (words !== '' && group.startsWith('0'))) words += '零'
    isGap = false
    words += below10000(group) + SCALES[groups.length - 1 - i]
  }
  // 十二, not 一十二; 两千 and 两万, but 二十 and 二百.
  return words.replace(/^一十/, '十').replace(/二(?=千)|^二(?=[万亿])/g, '两')
}

export const figures = (digits: string): string => Array.from(digits, (digit) => FIGURES[Number(digit)] ?? '').join('')

function below10000(group: string): string {
  let words = ''
  let isGap = false
  for (const [i, digit] of Array.from(group).entries()) {
    if (digit === '0') {
      isGap = words !== ''
      continue
    }
    words += (isGap ? '零' : '') + (FIGURES[Number(digit)] ?? '') + PLACES[3 - i]
    isGap = false
  }
  return words
}
