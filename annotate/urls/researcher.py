"""The researcher's pages."""

from django.urls import path

from annotate.views import audio, campaigns, consensus, imports, people, songs

urlpatterns = [
    path("songs/", songs.library, name="songs"),
    path("songs/import/", imports.index, name="songs-import"),
    path("songs/import/folder/", imports.folder, name="songs-import-folder"),
    path("songs/<slug:key>/", songs.song, name="song"),
    path("songs/<slug:key>/excerpts/", songs.cut, name="excerpt-cut"),
    path("songs/<slug:key>/<slug:role>.flac", audio.song_stem, name="song-stem"),
    path("excerpts/<slug:key>/<slug:role>.flac", audio.excerpt_stem, name="excerpt-stem"),
    path("campaigns/", campaigns.index, name="campaigns"),
    path("campaigns/new/", campaigns.create, name="campaign-new"),
    path("campaigns/<slug:key>/", campaigns.dashboard, name="campaign"),
    path("campaigns/<slug:key>/open/", campaigns.open_, name="campaign-open"),
    path("campaigns/<slug:key>/close/", campaigns.close, name="campaign-close"),
    path("campaigns/<slug:key>/export.<slug:format_>", campaigns.export, name="campaign-export"),
    path("campaigns/<slug:key>/people/", people.index, name="people"),
    path("campaigns/<slug:key>/people/invite/", people.invite, name="invite"),
    path("campaigns/<slug:key>/people/<slug:annotator>/revoke/", people.revoke, name="revoke"),
    path("campaigns/<slug:key>/replay/<slug:assignment>/", people.replay, name="replay"),
    path("campaigns/<slug:key>/consensus/", consensus.index, name="consensus"),
    path("campaigns/<slug:key>/consensus/rules/", consensus.rules, name="consensus-rules"),
    path("campaigns/<slug:key>/consensus/freeze/", consensus.freeze, name="consensus-freeze"),
    path("campaigns/<slug:key>/consensus/<slug:item>/", consensus.item, name="consensus-item"),
    path(
        "campaigns/<slug:key>/consensus/<slug:item>/decide/",
        consensus.decide,
        name="consensus-decide",
    ),
]
