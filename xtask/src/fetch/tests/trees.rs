//! Archives that become folders.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::server::{Server, reply, whole};
use super::*;

pub(super) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn tar_gz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Set as it is: the crate itself would refuse what leaves its folder.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        writer.append(&header, *content).unwrap();
    }
    writer.into_inner().unwrap().finish().unwrap()
}

/// A catalogue of one set, `pets`, with one archive that becomes the folder `pets-small`.
fn world(urls: &[String], name: &str) -> World {
    let set = "[[set]]\nid = \"pets\"\ntitle = \"Pets\"\nlicence = \"none\"\nweeks = [\"c1w2\"]";
    let text = format!("{set}\n[[set.file]]\nname = \"{name}\"\ntree = \"pets-small\"\nurls = {urls:?}\n");
    World { catalogue: Catalogue::from_toml(&text).unwrap(), ..World::new(&[]) }
}

fn fetch(world: &World) -> Said {
    world.run(&FetchArgs { names: vec!["pets".to_owned()], ..FetchArgs::default() })
}

/// The names in a folder, without those of locks and stamps.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".lock" && !name.ends_with(".stamp.json"));
    names.sort();
    names
}

#[test]
fn archives_become_their_folder() {
    let with_top: &[(&str, &[u8])] = &[("pets-small/cats/1.png", b"cat"), ("pets-small/dogs/1.png", b"dog"), ("__MACOSX/._1.png", b"x")];
    let without: &[(&str, &[u8])] = &[("cats/1.png", b"cat"), ("dogs/1.png", b"dog"), ("dogs/.DS_Store", b"x")];
    for (name, archive) in
        [("a.zip", zip(with_top)), ("b.zip", zip(without)), ("c.tar.gz", tar_gz(with_top)), ("d.tar.gz", tar_gz(without))]
    {
        let server = Server::start(move |_| whole(&archive));
        let world = world(&[server.url("/a")], name);
        let said = fetch(&world);
        assert_eq!(said.error, None, "{name}: {}", said.log);
        assert!(said.table.contains("unpacked"), "{}", said.table);
        let folder = world.data_dir().join("pets");
        assert_eq!(names(&folder), ["pets-small"]);
        assert_eq!(names(&folder.join("pets-small")), ["cats", "dogs"]);
        assert_eq!(fs::read(folder.join("pets-small/dogs/1.png")).unwrap(), b"dog");
        let again = fetch(&world);
        assert!(again.error.is_none() && again.table.contains("up to date"), "{}", again.table);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn folders_and_archives_of_the_users_own_are_as_good() {
    let given = TempDir::new().unwrap();
    let tree = given.path().join("pets-small");
    fs::create_dir_all(tree.join("cats")).unwrap();
    fs::write(tree.join("cats/1.png"), b"cat").unwrap();
    let archive = given.path().join("a.zip");
    fs::write(&archive, zip(&[("cats/1.png", b"cat")])).unwrap();
    for path in [given.path(), tree.as_path(), archive.as_path()] {
        let world = world(&[], "x.zip");
        let said = world.run(&FetchArgs { from: vec![format!("pets={}", path.display())], ..FetchArgs::default() });
        assert_eq!(said.error, None, "{}: {}", path.display(), said.log);
        assert_eq!(fs::read(world.data_dir().join("pets/pets-small/cats/1.png")).unwrap(), b"cat");
    }
    assert!(archive.exists(), "what was given stays");
}

#[test]
fn a_folder_of_another_name_is_taken_where_the_set_is_in_it() {
    let given = TempDir::new().unwrap();
    let text = "[[set]]\nid = \"happysad\"\ntitle = \"Faces\"\nlicence = \"none\"\nweeks = [\"c1w4\"]\n\
                [[set.file]]\nname = \"happy-or-sad.zip\"\ntree = \"happy-or-sad\"\n";
    let world = World { catalogue: Catalogue::from_toml(text).unwrap(), ..World::new(&[]) };
    let args = FetchArgs { from: vec![format!("happysad={}", given.path().display())], ..FetchArgs::default() };
    fs::create_dir(given.path().join("happy")).unwrap();
    fs::write(given.path().join("happy/1.png"), b"happy").unwrap();
    let error = world.run(&args).error.unwrap();
    assert!(error.contains("holds none of its files"), "{error}");
    fs::create_dir(given.path().join("sad")).unwrap();
    assert_eq!(world.run(&args).error, None);
    assert_eq!(fs::read(world.data_dir().join("happysad/happy-or-sad/happy/1.png")).unwrap(), b"happy");
}

#[test]
fn a_folder_is_not_copied_into_itself() {
    let world = world(&[], "x.zip");
    let folder = world.data_dir().join("pets");
    fs::create_dir_all(folder.join("cats")).unwrap();
    for given in [&folder, &world.data_dir()] {
        let error = crate::fetch::unpack::copy_tree(given, &folder, "pets-small").unwrap_err().to_string();
        assert!(error.contains("which it would be copied to"), "{error}");
    }
    assert_eq!(names(&folder), ["cats"]);
}

#[test]
fn nothing_leaves_its_folder_and_nothing_stays_of_what_is_refused() {
    let bomb = vec![0; 100 << 20];
    let one = |name| vec![(name, b"x".as_slice())];
    let refused: Vec<(Vec<u8>, &str)> = vec![
        (zip(&one("../../evil")), "leaves its folder"),
        (zip(&one("..\\..\\evil")), "leaves its folder"),
        (zip(&one("/etc/evil")), "leaves its folder"),
        (zip(&one("C:/evil")), "leaves its folder"),
        (tar_gz(&one("../../evil")), "leaves its folder"),
        (tar_gz(&one("/etc/evil")), "leaves its folder"),
        (zip(&one(".")), "no name for a file"),
        (tar_gz(&one(".")), "no name for a file"),
        (zip(&[("a/1.png", b"x"), ("A/1.PNG", b"y")]), "occurs twice"),
        (zip(&[("a/zeros", bomb.as_slice())]), "unpacks to more than"),
        (tar_gz(&[("a/zeros", bomb.as_slice())]), "unpacks to more than"),
        (zip(&[]), "holds no files"),
        (zip(&one("a/1.png"))[..40].to_vec(), "broken"),
        (tar_gz(&one("a/1.png"))[..30].to_vec(), "broken"),
        (b"<html>".to_vec(), "neither a zip archive nor a tar.gz"),
    ];
    for (archive, why) in refused {
        let server = Server::start(move |_| reply("200 OK", &[("Content-Length", &archive.len().to_string())], &archive));
        let world = world(&[server.url("/a")], "pets.zip");
        let said = fetch(&world);
        let error = said.error.expect(why);
        assert!(error.contains(why), "{error}");
        assert_eq!(names(&world.data_dir().join("pets")), ["pets.zip"]);
        assert_eq!(names(world.dir.path()), ["data"]);
    }
}

#[test]
fn links_are_refused_and_a_broken_off_unpacking_begins_anew() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("cats", "/etc", SimpleFileOptions::default()).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    let server = Server::start(move |_| whole(&archive));
    let error = fetch(&world(&[server.url("/a")], "pets.zip")).error.unwrap();
    assert!(error.contains("links and special files are not unpacked"), "{error}");

    let world = world(&[], "pets.zip");
    let folder = world.data_dir().join("pets");
    fs::create_dir_all(folder.join(".pets-small.part/cats")).unwrap();
    fs::write(folder.join(".pets-small.part/cats/half.png"), b"ha").unwrap();
    fs::write(folder.join("pets.zip"), zip(&[("cats/1.png", b"cat")])).unwrap();
    let said = fetch(&world);
    assert_eq!(said.error, None, "{}", said.log);
    assert_eq!(names(&folder.join("pets-small/cats")), ["1.png"]);
    assert_eq!(names(&folder), ["pets-small", "pets.zip"], "an archive that was there before stays");
}
