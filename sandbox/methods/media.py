"""Photos and everything else that is not just words, alone and in albums."""

from typing import Any

from sandbox.files import DOWNLOAD_LIMIT, PHOTO_LIMIT, UPLOAD_LIMIT, File
from sandbox.methods.base import Call, caption_of, markup_of, method
from sandbox.methods.messages import destination, reply_of, send
from sandbox.params import Upload
from sandbox.refusals import Refusal, bad_request
from sandbox.shapes import Json

PERMISSION = {
    "photo": "can_send_photos",
    "video": "can_send_videos",
    "audio": "can_send_audios",
    "voice": "can_send_voice_notes",
    "document": "can_send_documents",
    "animation": "can_send_other_messages",
    "video_note": "can_send_video_notes",
    "sticker": "can_send_other_messages",
    "location": "can_send_messages",
    "venue": "can_send_messages",
    "contact": "can_send_messages",
    "dice": "can_send_other_messages",
}
MEDIA_FIELDS = ("photo", "video", "audio", "voice", "document", "animation", "video_note", "sticker")
CAPTIONED = ("photo", "video", "audio", "voice", "document", "animation")
NAMES = {
    "photo": "Photo",
    "video": "Video",
    "audio": "Audio",
    "voice": "VoiceNote",
    "document": "Document",
    "animation": "Animation",
    "video_note": "VideoNote",
    "sticker": "Sticker",
    "thumbnail": "Thumbnail",
}
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


def stored(call: Call, kind: str, given: Any) -> File:
    """The file a parameter means: an upload, an attachment, or a file_id sent before."""
    if isinstance(given, str) and given.startswith("attach://"):
        upload = call.files.get(given.removeprefix("attach://"))
        if upload is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        given = upload
    if isinstance(given, Upload):
        return added(call, kind, given)
    text = str(given or "")
    if not text:
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    if text.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    file = call.world.files.get(text)
    if file is None:
        raise bad_request("wrong remote file identifier specified: Wrong padding in the string")
    if file.kind != kind and not (file.kind == "animation" and kind == "document"):
        raise bad_request(f"can't use file of type {NAMES[file.kind]} as {NAMES[kind]}")
    return file


def added(call: Call, kind: str, upload: Upload) -> File:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if len(upload.data) > (PHOTO_LIMIT if kind == "photo" else UPLOAD_LIMIT):
        if kind == "photo":
            raise bad_request("file is too big for a photo")
        raise Refusal(413, "Request Entity Too Large")
    mime_type = upload.mime_type if upload.mime_type != "application/octet-stream" else None
    return call.world.files.add(kind, upload.data, upload.name, mime_type)


def described(file: File, kind: str, params: Json) -> Any:
    """The media object of a message."""
    shape: Json = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size}
    if kind == "photo":
        small = {
            **shape,
            "width": min(90, file.width),
            "height": min(90, file.height),
            "file_size": min(1200, file.size),
        }
        small["file_unique_id"] = file.unique_id + "s"
        return [small, {**shape, "width": file.width, "height": file.height}]
    if kind in ("video", "animation"):
        shape["width"] = params.get("width") or file.width
        shape["height"] = params.get("height") or file.height
    if kind in ("video", "animation", "audio", "voice", "video_note"):
        shape["duration"] = int(params.get("duration") or 1)
    if kind == "video_note":
        shape["length"] = int(params.get("length") or 240)
    if kind in ("video", "animation", "audio", "document") and file.name:
        shape["file_name"] = file.name
    if kind not in ("video_note", "sticker"):
        shape["mime_type"] = file.mime_type
    if kind == "audio":
        for name in ("performer", "title"):
            if params.get(name):
                shape[name] = params[name]
    if kind == "sticker":
        shape |= {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        if params.get("emoji"):
            shape["emoji"] = params["emoji"]
    return shape


def media_content(call: Call, kind: str) -> Json:
    """The part of a message that `kind` stands for, from the call's parameters."""
    params = call.params
    if kind in MEDIA_FIELDS:
        shape = described(stored(call, kind, params.get(kind)), kind, params)
        content: Json = {kind: shape}
        if kind == "animation":
            content["document"] = {k: v for k, v in shape.items() if k not in ("width", "height", "duration")}
        if kind in ("photo", "video", "animation") and params.get("has_spoiler"):
            content["has_media_spoiler"] = True
        return content
    if kind == "location":
        return {"location": location(params)}
    if kind == "venue":
        venue = {"location": location(params), "title": params["title"], "address": params["address"]}
        for name in ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type"):
            if params.get(name):
                venue[name] = params[name]
        return {"venue": venue, "location": venue["location"]}
    if kind == "contact":
        names = ("phone_number", "first_name", "last_name", "vcard")
        return {"contact": {name: params[name] for name in names if params.get(name)}}
    emoji = params.get("emoji") or "🎲"
    if emoji not in DICE:
        raise bad_request("wrong dice emoji specified")
    return {"dice": {"emoji": emoji, "value": 1 + int(call.world.unique()) % DICE[emoji]}}


def location(params: Json) -> Json:
    latitude, longitude = float(params["latitude"]), float(params["longitude"])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad_request("wrong location specified")
    shape: Json = {"latitude": latitude, "longitude": longitude}
    for name in ("live_period", "heading", "horizontal_accuracy", "proximity_alert_radius"):
        if params.get(name):
            shape[name] = params[name]
    return shape


def _send(kind: str) -> None:
    name = "send" + "".join(part.capitalize() for part in kind.split("_"))

    @method(name)
    def run(call: Call) -> Json:
        chat, thread = destination(call, PERMISSION[kind])
        content = media_content(call, kind)
        if kind in CAPTIONED:
            content |= caption_of(call.params)
        reply = reply_of(call, chat)
        return send(call, chat, thread, content, reply=reply, markup=markup_of(call.params, chat)).message


for _kind in PERMISSION:
    _send(_kind)


def described_media(call: Call, item: Json) -> Json:
    """The content of one InputMedia, without its caption."""
    kind = item.get("type")
    if kind not in ("photo", "video", "audio", "document", "animation"):
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    shape = described(stored(call, kind, item.get("media")), kind, item)
    content: Json = {kind: shape}
    if item.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return content


@method("sendMediaGroup")
def send_media_group(call: Call) -> list[Json]:
    items = call.params["media"]
    if not isinstance(items, list) or not items:
        raise bad_request("there are no messages to send")
    if len(items) > 10:
        raise bad_request("too many messages to send as an album")
    kinds = {item.get("type") for item in items}
    if "animation" in kinds:
        raise bad_request('type "animation" can\'t be used in sendMediaGroup')
    if kinds & {"document", "audio"} and len(kinds) > 1:
        raise bad_request("document and audio can't be mixed with other media types")
    permission = PERMISSION.get(str(items[0].get("type")), "can_send_photos")
    chat, thread = destination(call, permission, len(items))
    reply = reply_of(call, chat)
    # Everything is looked at before anything is sent: an album arrives whole or not at all.
    contents = [{**described_media(call, item), **caption_of(item)} for item in items]
    extra = {"media_group_id": call.world.unique()} if len(items) > 1 else None
    return [send(call, chat, thread, content, reply=reply, extra=extra).message for content in contents]


@method("getFile")
def get_file(call: Call) -> Json:
    file = call.world.files.get(call.params["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    if file.size > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": file.path,
    }


@method("getUserProfilePhotos")
def get_user_profile_photos(call: Call) -> Json:
    return {"total_count": 0, "photos": []}
