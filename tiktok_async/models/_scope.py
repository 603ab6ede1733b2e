"""Scopes, as TikTok spells them.

Source: https://developers.tiktok.com/doc/tiktok-api-scopes
"""

from enum import StrEnum


class Scope(StrEnum):
    """A permission that a user grants to an app; a scope unknown here stays a plain `str`."""

    USER_INFO_BASIC = "user.info.basic"
    USER_INFO_PROFILE = "user.info.profile"
    USER_INFO_STATS = "user.info.stats"
    USER_INFO_OPEN_ID = "user.info.open_id"
    VIDEO_LIST = "video.list"
    VIDEO_PUBLISH = "video.publish"
    VIDEO_UPLOAD = "video.upload"
    PORTABILITY_ALL_SINGLE = "portability.all.single"
    PORTABILITY_ALL_ONGOING = "portability.all.ongoing"
    PORTABILITY_POSTSANDPROFILE_SINGLE = "portability.postsandprofile.single"
    PORTABILITY_POSTSANDPROFILE_ONGOING = "portability.postsandprofile.ongoing"
    PORTABILITY_ACTIVITY_SINGLE = "portability.activity.single"
    PORTABILITY_ACTIVITY_ONGOING = "portability.activity.ongoing"
    PORTABILITY_DIRECTMESSAGES_SINGLE = "portability.directmessages.single"
    PORTABILITY_DIRECTMESSAGES_ONGOING = "portability.directmessages.ongoing"
    RESEARCH_DATA_BASIC = "research.data.basic"
    RESEARCH_DATA_U18EU = "research.data.u18eu"
    RESEARCH_DATA_VRA = "research.data.vra"
    RESEARCH_ADLIB_BASIC = "research.adlib.basic"
