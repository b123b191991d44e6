// The page's own words, in the language of whoever holds the phone: a Chinese phone says 回复, not Reply.

const WORDS = {
  en: {
    message: "Message", bot: "bot", blocked: "blocked", chats: "Chats", nothing: "Nothing yet", start: "Say /start to begin.",
    silence: "Nothing has been said here.", edited: "edited", forwarded: "Forwarded message", reply: "Reply", replyTo: (who) => `Reply to ${who}`,
    edit: "Edit", copy: "Copy", forward: "Forward", forwardTo: "Forward to…", remove: "Delete", leave: "Leave", clock: "Clock",
    group: (kind, count) => `${kind}, ${count} members`, attach: "Attach a picture or a file", sticker: "A sticker", send: "Send",
    block: "Block the bot", unblock: "Unblock the bot", leaveGroup: "Leave this group", upgrade: "Upgrade to a supergroup", join: (name) => `Join ${name}`,
    keys: "Ctrl + ↑ replies to the message above", tries: "What to try",
  },
  "zh-Hans": {
    message: "输入消息", bot: "机器人", blocked: "已屏蔽", chats: "聊天", nothing: "还没有消息", start: "发送 /start 开始。",
    silence: "这里还没有人说话。", edited: "已编辑", forwarded: "转发的消息", reply: "回复", replyTo: (who) => `回复 ${who}`,
    edit: "编辑", copy: "复制", forward: "转发", forwardTo: "转发到…", remove: "删除", leave: "取消", clock: "时钟",
    group: (kind, count) => `${{ forum: "话题群组", supergroup: "超级群组" }[kind] ?? "群组"}，${count} 位成员`, attach: "添加图片或文件", sticker: "发送贴纸", send: "发送",
    block: "屏蔽机器人", unblock: "取消屏蔽", leaveGroup: "退出本群", upgrade: "升级为超级群组", join: (name) => `加入 ${name}`,
    keys: "Ctrl + ↑ 回复上面的消息", tries: "可以试试",
  },
  "zh-Hant": {
    message: "輸入訊息", bot: "機器人", blocked: "已封鎖", chats: "聊天", nothing: "還沒有訊息", start: "傳送 /start 開始。",
    silence: "這裡還沒有人說話。", edited: "已編輯", forwarded: "轉傳的訊息", reply: "回覆", replyTo: (who) => `回覆 ${who}`,
    edit: "編輯", copy: "複製", forward: "轉傳", forwardTo: "轉傳到…", remove: "刪除", leave: "取消", clock: "時鐘",
    group: (kind, count) => `${{ forum: "主題群組", supergroup: "超級群組" }[kind] ?? "群組"}，${count} 位成員`, attach: "加入圖片或檔案", sticker: "傳送貼圖", send: "傳送",
    block: "封鎖機器人", unblock: "解除封鎖", leaveGroup: "退出群組", upgrade: "升級為超級群組", join: (name) => `加入 ${name}`,
    keys: "Ctrl + ↑ 回覆上面的訊息", tries: "可以試試",
  },
};
const MOVES = {
  en: {},
  "zh-Hans": { hours: (n) => `过 ${n} 小时`, days: (n) => `过 ${n} 天`, "Next morning": "到次日早上", "End of semester": "到学期末" },
  "zh-Hant": { hours: (n) => `過 ${n} 小時`, days: (n) => `過 ${n} 天`, "Next morning": "到隔天早上", "End of semester": "到學期末" },
};

export function tongueOf(code) {
  if (/^zh-(hant|tw|hk|mo)/i.test(code ?? "")) return "zh-Hant";
  return /^zh/i.test(code ?? "") ? "zh-Hans" : "en";
}

export const wordsOf = (code) => WORDS[tongueOf(code)];

// What a button of the clock says: the length it moves by, or the name it was given.
export function moveLabel(button, code) {
  const moves = MOVES[tongueOf(code)];
  if (tongueOf(code) === "en" || button.advance == null) return moves[button.label] ?? button.label;
  return button.advance % 86400 === 0 ? moves.days(button.advance / 86400) : moves.hours(Math.round(button.advance / 360) / 10);
}

// What is one text for everybody, or one per language.
export const said = (words, code) => (typeof words === "string" ? words : words[tongueOf(code)] ?? words.en);

// For dates and lengths of time: days before months in English, as the bot writes them.
export const locale = (code) => (tongueOf(code) === "en" ? "en-GB" : tongueOf(code));
