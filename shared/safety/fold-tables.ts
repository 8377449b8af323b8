// The tables of fold.ts: letters of other scripts that look like Latin ones, and the Traditional forms of the characters that the
// Chinese patterns use (all of those, by opencc's tables: a test holds them to it). Pure.

const pairs = (from: string, to: string): [string, string][] =>
  [...from].map((letter, at) => [letter, [...to][at] ?? letter])

/** Cyrillic and Greek as in Unicode's confusables; others that a keyboard offers. */
export const LOOK_ALIKES: ReadonlyMap<string, string> = new Map([
  ...pairs('абвеѕікмнорстухјԁԛԝһӏєґгпцьу', 'abbesikmhopctyxjdqwhlerrnuby'),
  ...pairs('АВЕЅІКМНОРСТУХЈ', 'ABESIKMHOPCTYXJ'),
  ...pairs('αβγεηικνορτυχωϲ', 'abyenikvoptuxwc'),
  ...pairs('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'),
  ...pairs('ıɩɑɡ', 'iiag'),
])

export const SIMPLIFIED_OF: ReadonlyMap<string, string> = new Map(
  pairs(
    '來係個傳內兩別刪則創動務員唸問啓啟嗎噁噹執嬤審寫將對師庫廢彆彈彔後從復惡態懲戲戶拋拚掙換擁據擬擺數會査條棄構機檯權沒洩準濾為無爲爾狀獄現環產産當發碼種箇範約級終組結絕給統絶經綫維線縛總繞繫罰聽脫臺著蓋虛號裏裝裡製複襬規視訊記設許訴詞試話語説說調請論譯護讀變責資輸轉迴這連進遊運過違遠遶還鈅錄録錯錶鎖鑰閉開關隱隻電須頭題顯颱駭髮鬚麪麫麵麼麽齣實帶憶檢眞確覈証認證際驗塊們時燈聲間義',
    '来系个传内两别删则创动务员念问启启吗恶当执嬷审写将对师库废别弹录后从复恶态惩戏户抛拼挣换拥据拟摆数会查条弃构机台权没泄准滤为无为尔状狱现环产产当发码种个范约级终组结绝给统绝经线维线缚总绕系罚听脱台着盖虚号里装里制复摆规视讯记设许诉词试话语说说调请论译护读变责资输转回这连进游运过违远绕还钥录录错表锁钥闭开关隐只电须头题显台骇发须面面面么么出实带忆检真确核证认证际验块们时灯声间义',
  ),
)
